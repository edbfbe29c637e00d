"""A small edition of ``genai-prices``: its classes as far as we read them, with prices that are easy to reckon with."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

NIGHT = SimpleNamespace(start_time=time(23), end_time=time(5))
"""In the local time of nobody: naive times are UTC there."""
EAST = timezone(timedelta(hours=8))
MORNING = SimpleNamespace(start_time=time(9, tzinfo=EAST), end_time=time(12, tzinfo=EAST))
JULY = SimpleNamespace(start_date=date(2026, 7, 1))


class Prices:
    """Knows no price of what it was not told, as theirs."""

    def __init__(self, **amounts: object) -> None:
        self.__dict__.update(amounts)

    def __getattr__(self, name: str) -> None:
        return None


def usd(amount: str) -> Decimal:
    """An amount as they have it."""
    return Decimal(amount)


def tiers(base: str, *above: tuple[int, str]) -> SimpleNamespace:
    """An amount that depends on the length of the prompt."""
    steps = [SimpleNamespace(start=start, price=usd(amount)) for start, amount in above]
    return SimpleNamespace(base=usd(base), tiers=steps)


def when(prices: Prices, constraint: object = None) -> SimpleNamespace:
    """A price that holds at times."""
    return SimpleNamespace(prices=prices, constraint=constraint)


def model(id: str, prices: object, window: int | None = None, *, title: str = "", old: bool = False) -> Any:
    """A model of theirs."""
    return SimpleNamespace(id=id, name=title or None, prices=prices, context_window=window, deprecated=old or None)


@dataclass
class Listing:
    """What ``get_snapshot()`` gives: providers, and how to find a model among them."""

    providers: list[Any] = field(default_factory=list[Any])
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list[tuple[str, str | None, str | None]])

    def find_provider_model(
        self, ref: str, provider: None, provider_id: str | None, url: str | None
    ) -> tuple[Any, Any]:
        """The first model whose id the name begins with."""
        self.asked.append((ref, provider_id, url))
        for seller in self.providers:
            if provider_id in (None, seller.id) and url in (None, seller.url):
                for each in seller.models:
                    if ref.startswith(each.id):
                        return seller, each
        raise LookupError(ref)


def seller(id: str, *models: Any) -> Any:
    """A provider of theirs."""
    return SimpleNamespace(id=id, models=list(models), url=f"https://api.{id}.com")


def listing() -> Listing:
    """Models with every kind of price there is."""
    plain = Prices(input_mtok=usd("2"), output_mtok=usd("8"), cache_read_mtok=usd("0.5"), cache_write_mtok=usd("3"))
    dollar = Prices(input_mtok=usd("1"), output_mtok=usd("1"))
    dated = [when(Prices(input_mtok=usd("9"), output_mtok=usd("9")), JULY), when(Prices(input_mtok=usd("4")), JULY)]
    sound = Prices(input_mtok=usd("1"), output_reasoning_mtok=usd("6"), input_audio_mtok=usd("40"))
    asked = Prices(input_mtok=usd("1"), output_mtok=usd("1"), requests_kcount=usd("5"))
    tiered = Prices(
        input_mtok=tiers("3", (200_000, "6")), output_mtok=tiers("15", (200_000, "22.5")), cache_read_mtok=usd("0.3")
    )
    openai = seller(
        "openai",
        model("gpt-5.2", plain, 400_000, title="GPT 5.2"),
        model("o3", dated, 200_000, old=True),
        model("gpt-9-sound", sound),
        model("tts-1", Prices(input_mchars=usd("15"))),
        model("text-embedding-3", Prices(input_mtok=usd("0.02")), 8192),
    )
    deepseek = seller(
        "deepseek",
        model("deepseek-chat", [when(plain), when(dollar, NIGHT)]),
        model("deepseek-old", [when(plain), when(dollar, MORNING)]),
    )
    return Listing(
        [
            openai,
            deepseek,
            seller("anthropic", model("claude-sonnet-4-5", tiered, 200_000)),
            seller("openrouter", model("qwen/qwen3-8b:free", Prices()), model("qwen/qwen3-8b", Prices())),
            seller("perplexity", model("sonar", asked)),
        ]
    )
