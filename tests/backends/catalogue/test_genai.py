"""What is installed is read as it stands, once, and said in our words."""

import importlib
import importlib.util
import sys
from datetime import UTC, datetime, time

import pytest

from loopbus.backends import NotConfigured
from loopbus.backends.catalogue import Price
from loopbus.backends.catalogue.genai import GenaiPrices
from loopbus.backends.catalogue.genai_rows import info_of
from loopbus.events import Usage

from .conftest import Install
from .listing import Listing, Prices, listing, model, seller, tiers, usd, when

JUNE, JULY = (datetime(2026, month, 1, 12, tzinfo=UTC).timestamp() for month in (6, 7))


def price_of(name: str, at: float = JUNE) -> Price:
    """The price of a model that is listed."""
    info = GenaiPrices().find(name)
    price = info.price_at(at) if info is not None else None
    assert price is not None
    return price


def test_each_kind_of_token_has_the_price_of_its_unit(listed: Listing) -> None:
    """And says which model of which release it is from."""
    assert price_of("openai:gpt-5.2") == Price(
        input_usd=2, output_usd=8, cached_usd=0.5, cache_write_usd=3, source="'gpt-5.2' in edition 1"
    )
    assert price_of("openai:gpt-9-sound").reasoning_usd == 6
    assert price_of("perplexity:sonar").request_usd == 0.005


def test_tiers_are_prices_for_long_prompts(listed: Listing) -> None:
    """What has no tier costs there what it costs below."""
    price = price_of("anthropic:claude-sonnet-4-5")
    assert price.of(Usage(200_000, 0)) == pytest.approx(0.6)
    assert price.of(Usage(300_000, 1_000_000, cached_tokens=100_000)) == pytest.approx(1.2 + 0.03 + 22.5)


def test_a_tier_may_begin_with_the_first_token(listed: Listing) -> None:
    """Only an empty prompt pays the base then."""
    (price,) = info_of("a:b", model("b", Prices(input_mtok=tiers("1", (0, "2"))))).prices
    assert price.of(Usage(1_000_000, 0)) == 2


def test_prices_change_with_their_dates(listed: Listing) -> None:
    """What is listed first holds before all others, whatever its own date."""
    assert (price_of("openai:o3").input_usd, price_of("openai:o3", JULY).input_usd) == (9, 4)


def test_prices_change_with_the_hour(listed: Listing) -> None:
    """In UTC; the clocks of another zone are put right."""
    night = datetime(2026, 6, 1, 2, tzinfo=UTC).timestamp()
    assert (price_of("deepseek:deepseek-chat").input_usd, price_of("deepseek:deepseek-chat", night).input_usd) == (2, 1)
    assert price_of("deepseek:deepseek-old", night).hours == (time(1), time(4))


def test_no_price_is_not_a_price_of_nothing(listed: Listing) -> None:
    """Unless the model's name says that it is free; and what is not sold by tokens has no price by tokens."""
    assert price_of("openrouter:qwen/qwen3-8b:free").of(Usage(1_000_000, 1_000_000)) == 0
    for name in ("openrouter:qwen/qwen3-8b", "openai:tts-1"):
        info = GenaiPrices().find(name)
        assert info is not None
        assert info.prices == ()


def test_what_has_an_input_price_alone_writes_for_nothing(listed: Listing) -> None:
    """As embeddings do."""
    assert price_of("openai:text-embedding-3").of(Usage(1_000_000, 5)) == 0.02


def test_what_is_priced_apart_is_said_to_be_counted_as_text(listed: Listing) -> None:
    """We cannot tell its tokens from others; and the price tells that the model hears."""
    info = GenaiPrices().find("openai:gpt-9-sound")
    assert info is not None
    assert info.remark == "; audio counted as text"
    assert info.inputs == {"text", "audio"}
    paints = info_of("a:paints", model("paints", Prices(input_mtok=usd("1"), output_image_mtok=usd("9"))))
    assert (paints.inputs, paints.outputs) == (None, {"text", "image"})


def test_windows_titles_and_age_are_kept(listed: Listing) -> None:
    """A model without a title is called by its id."""
    found = [GenaiPrices().find(name) for name in ("openai:gpt-5.2-2025-12-11", "openai:o3")]
    assert [(info.title, info.context_window, info.deprecated) for info in found if info] == [
        ("GPT 5.2", 400_000, False),
        ("o3", 200_000, True),
    ]


def test_a_provider_lists_its_models_by_our_names(listed: Listing) -> None:
    """What is listed can be asked for; a provider that they do not have lists nothing."""
    source = GenaiPrices()
    assert [info.name for info in source.models("deepseek-responses")] == [
        "deepseek-responses:deepseek-chat",
        "deepseek-responses:deepseek-old",
    ]
    assert list(source.models("ollama")) == []
    for info in source.models("openai"):
        assert source.find(info.name) == info


def test_a_model_is_looked_up_once(listed: Listing) -> None:
    """A thousand replies cost one search."""
    source = GenaiPrices()
    assert source.find("openai:gpt-5.2") is source.find("openai:gpt-5.2")
    assert len(listed.asked) == 1


def test_another_edition_is_taken_as_soon_as_it_is_there(install: Install) -> None:
    """Whoever updates their data by their own means need not tell us."""
    source = GenaiPrices()
    install(listing())
    assert source.find("openai:gpt-7") is None
    install(Listing([seller("openai", model("gpt-7", [when(Prices(input_mtok=usd("7")))]))]))
    found = source.find("openai:gpt-7")
    assert found is not None
    assert found.prices[0].input_usd == 7


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the way to do without."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.delitem(sys.modules, "genai_prices.data_snapshot", raising=False)
    for ask in (GenaiPrices().load, lambda: GenaiPrices().find("a:b"), lambda: list(GenaiPrices().models("a"))):
        with pytest.raises(NotConfigured, match=r"loopbus\[prices\].*source=None"):
            ask()


@pytest.mark.skipif(importlib.util.find_spec("genai_prices") is None, reason="the extra [prices] is not installed")
@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-5.2-2025-12-11",
        "openai-responses:o3",
        "azure:gpt-5-mini",
        "anthropic:claude-sonnet-4-5-20250929",
        "bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "vertex:claude-sonnet-4-5@20250929",
        "gemini:models/gemini-2.5-flash",
        "deepseek:deepseek-chat",
        "mistral:mistral-large-latest",
        "cohere:command-a-03-2025",
        "groq:llama-3.3-70b-versatile",
        "xai:grok-4",
        "zai:glm-4.6",
        "openrouter:anthropic/claude-sonnet-4.5",
        "together:meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "cerebras:gpt-oss-120b",
        "litellm:vertex_ai/gemini-2.5-pro",
        "huggingface:Qwen/Qwen3-32B:novita",
        "api.openai.com:gpt-5.2",
    ],
)
def test_the_release_that_is_installed_knows_the_names_that_people_use(name: str) -> None:
    """With dates, regions and makers in them; and charges what its own reckoning says."""
    theirs, data = (importlib.import_module(f"genai_prices.{module}") for module in ("types", "data_snapshot"))
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    price = price_of(name, moment.timestamp())
    model_id = price.source.split("'")[1]
    usage = theirs.Usage(input_tokens=300_000, output_tokens=1000, cache_read_tokens=200_000)
    found = [
        (seller, each) for seller in data.get_snapshot().providers for each in seller.models if each.id == model_id
    ]
    sums = [each.calc_price(usage, seller, genai_request_timestamp=moment).total_price for seller, each in found]
    ours = price.of(Usage(300_000, 1000, cached_tokens=200_000))
    assert any(ours == pytest.approx(float(total)) for total in sums)
