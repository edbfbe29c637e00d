"""``loopbus models``: who can be asked, and what is known of their models."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from loopbus.cli import models as command

from ..backends.catalogue.conftest import install, listed
from .conftest import Command

__all__ = ["install", "listed"]


def line_of(name: str, text: str) -> str:
    """The one line that begins so."""
    (found,) = (line for line in text.splitlines() if line.split(" ")[0].rstrip(",") == name)
    return found


def test_every_provider_is_a_line_and_no_key_is_shown(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its variable, whether that is set, and its address."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    done = loopbus("models")
    assert done.code == 0
    assert "secret" not in done.out + done.err
    openai = line_of("openai", done.out)
    assert "OPENAI_API_KEY (set)" in openai
    assert "https://gateway.example/v1 (from OPENAI_BASE_URL)" in openai
    assert "set a key" in line_of("groq", done.out)
    assert "this machine's credentials" in line_of("bedrock", done.out)
    assert "set AZURE_OPENAI_ENDPOINT" in line_of("azure", done.out)
    assert "needs no key" in line_of("vllm", done.out)
    assert "smollm2" in line_of("local:smollm2", done.out)


def test_json_is_one_object(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Providers and local models."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    done = loopbus("models", "--json")
    told = json.loads(done.out)
    assert "secret" not in done.out
    (openai,) = (each for each in told["providers"] if each["provider"] == "openai")
    assert (openai["ready"], openai["keys"]) == (True, [{"variable": "OPENAI_API_KEY", "set": True}])
    assert {each["model"] for each in told["local"]} >= {"local:smollm2"}


@pytest.mark.usefixtures("listed")
def test_a_provider_shows_its_models_with_windows_and_prices(loopbus: Command) -> None:
    """What is not known is a question mark, never a zero."""
    done = loopbus("models", "openai")
    assert done.code == 0
    known = line_of("openai:gpt-5.2", done.out).split()
    assert known == ["openai:gpt-5.2", "400,000", "2", "8", "0.5", "file", "image", "text", "yes", "yes"]
    assert line_of("openai:tts-1", done.out).split()[1:5] == ["?", "?", "?", "?"]
    assert line_of("openai:o3", done.out).split()[-1] == "deprecated"
    assert "above" in line_of("anthropic:claude-sonnet-4-5", loopbus("models", "anthropic").out)


@pytest.mark.usefixtures("listed")
def test_a_pattern_picks_models(loopbus: Command) -> None:
    """As JSON, with everything that is known."""
    done = loopbus("models", "openai:gpt-5*", "--json")
    (model,) = json.loads(done.out)
    assert (model["name"], model["context_window"], model["inputs"]) == (
        "openai:gpt-5.2",
        400_000,
        ["file", "image", "text"],
    )
    price: dict[str, Any] = model["price"]
    assert (price["input_usd"], price["cache_write_usd"], price["valid_from"]) == (2, 3, None)
    assert json.loads(loopbus("models", "openai:tts*", "--json").out)[0]["price"] is None


@pytest.mark.usefixtures("listed")
def test_a_provider_of_which_nothing_is_known_is_no_mistake(loopbus: Command) -> None:
    """Its models can be asked; stdout has nothing, or an empty array."""
    done = loopbus("models", "ollama")
    assert (done.code, done.out) == (0, "")
    assert "can be asked all the same" in done.err
    assert json.loads(loopbus("models", "ollama", "--json").out) == []


def test_an_unknown_provider_is_wrong_usage(loopbus: Command) -> None:
    """The nearest is named."""
    done = loopbus("models", "opnai")
    assert (done.code, done.out) == (2, "")
    assert "'openai'" in done.err


def test_without_the_extra_the_error_names_it(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only models need it; providers are listed without."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.delitem(sys.modules, "genai_prices.data_snapshot", raising=False)
    done = loopbus("models", "openai")
    assert (done.code, done.out) == (2, "")
    assert "loopbus[prices]" in done.err
    assert loopbus("models").code == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"engine": False, "here": True, "bytes": 5}, "loopbus[local]"),
        ({"engine": True, "here": True, "bytes": 5}, "yes"),
        ({"engine": True, "here": False, "bytes": 98_362_432}, "downloads 98 MB first"),
        ({"engine": True, "here": False, "bytes": None}, "no such file"),
    ],
)
def test_a_local_model_says_what_it_lacks(
    loopbus: Command, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """An extra, its bytes, or the file that was named."""
    monkeypatch.setattr(command, "describe_local_models", lambda: [{"model": "local:x", "file": "x.gguf", **row}])
    assert words in loopbus("models", "local").out
    assert json.loads(loopbus("models", "local", "--json").out)[0]["model"] == "local:x"
