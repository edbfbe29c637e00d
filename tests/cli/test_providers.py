"""What is set up is said; what is secret is not."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopbus.backends.providers import ANY_ADDRESS, PROVIDERS
from loopbus.cli.providers import describe_local_models, describe_providers

ROWS = (*PROVIDERS.values(), ANY_ADDRESS)
VARIABLES = {
    *(key.variable for row in ROWS for key in row.keys),
    *(row.url_variable for row in ROWS),
    *(name for row in ROWS for place in row.places.values() for name in place.variables),
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test depends on what the machine happens to have set."""
    for name in filter(None, VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("LOOPBUS_LOCAL_MODEL", raising=False)
    monkeypatch.setenv("LOOPBUS_CACHE", str(tmp_path))


def described(name: str) -> dict[str, Any]:
    """One provider."""
    (found,) = (each for each in describe_providers() if each["provider"] == name)
    return found


def test_every_provider_is_there_once_with_its_other_names() -> None:
    """In the order of their names."""
    names = [each["provider"] for each in describe_providers()]
    assert names == sorted(PROVIDERS)
    assert described("google")["also"] == ["gemini"]


def test_a_key_is_said_to_be_set_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks are no key; any one key will do."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", " ")
    assert (described("anthropic")["ready"], described("anthropic")["needs_key"]) == (False, True)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "secret")
    assert described("anthropic")["keys"] == [
        {"variable": "ANTHROPIC_API_KEY", "set": False},
        {"variable": "ANTHROPIC_AUTH_TOKEN", "set": True},
    ]
    assert described("anthropic")["ready"] is True
    assert described("ollama")["ready"] is True


def test_an_address_that_is_not_whole_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable once; with them it is shown as it will be asked."""
    assert described("bedrock")["missing"] == ["AWS_REGION or AWS_DEFAULT_REGION"]
    assert described("azure")["address"] == "{endpoint}/openai/v1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert described("bedrock")["address"] == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert (described("bedrock")["missing"], described("bedrock")["ready"]) == ([], True)
    assert described("bedrock")["signs_in_itself"] is True


def test_an_address_of_ones_own_is_shown_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """And which variable it is from; nothing is missing then."""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    openai = described("openai")
    assert (openai["address"], openai["address_variable"]) == ("https://gateway.example/v1", "OPENAI_BASE_URL")
    assert (openai["overridden"], described("groq")["overridden"]) == (True, False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(secret=st.from_regex(r"[a-z0-9#/@?]{12,20}", fullmatch=True))
def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """Neither a key nor what stands in an address for a password or a query."""
    for name in VARIABLES - {row.url_variable for row in ROWS} - {"OLLAMA_HOST", "AZURE_OPENAI_ENDPOINT"}:
        if name.endswith(("KEY", "TOKEN")):
            monkeypatch.setenv(name, secret)
    plain = secret.translate(str.maketrans("#/@?", "abcd"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"https://me:{plain}@gateway.example/v1?key={secret}")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"https://{plain}@azure.example")
    shown = str(describe_providers())
    assert secret not in shown
    assert plain not in shown
    assert described("openai")["address"] == "https://gateway.example/v1"


def test_an_address_that_is_none_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no end of the list."""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://[nonsense/v1")
    assert described("openai")["address"] == "(no address)"


def test_local_models_say_whether_they_are_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The engine, and the weights."""

    def find(name: str) -> ModuleSpec | None:
        return None if name == "xllamacpp" else importlib.util.find_spec(name)

    monkeypatch.setattr("loopbus.cli.providers.find_spec", find)
    assert {(each["here"], each["engine"]) for each in describe_local_models()} == {(False, False)}
    smallest = min(describe_local_models(), key=lambda each: each["bytes"])
    file = Path(smallest["file"])
    assert file.is_relative_to(tmp_path)
    file.parent.mkdir()
    file.write_bytes(b"GGUF")
    assert [each["model"] for each in describe_local_models() if each["here"]] == [smallest["model"]]


def test_a_file_of_ones_own_is_what_local_means(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It stands first."""
    monkeypatch.setenv("LOOPBUS_LOCAL_MODEL", str(tmp_path / "mine.gguf"))
    first = describe_local_models()[0]
    assert (first["model"], first["here"], first["bytes"]) == ("local", False, None)
