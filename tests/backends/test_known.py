"""Models are asked for by name; what is missing is said before anything is sent."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from pydantic import SecretStr

from loopbus.backends.contract import Request
from loopbus.backends.errors import NotConfigured
from loopbus.backends.known import resolve
from loopbus.backends.providers import ANY_ADDRESS, PROVIDERS
from loopbus.events.content import user

from .servers import DONE, END, HEAD, Canned, Connection, chunked, serving, stop

VARIABLES = (
    *(key.variable for row in (*PROVIDERS.values(), ANY_ADDRESS) for key in row.keys),
    *(row.url_variable for row in PROVIDERS.values()),
    "LOOPBUS_LOCAL_MODEL",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what the machine happens to have set."""
    for name in filter(None, VARIABLES):
        monkeypatch.delenv(name, raising=False)


async def sent(model: str, variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, **key: str) -> Connection:
    """What a server hears when ``model`` is asked; ``URL`` in a name or a variable is the server's address."""
    heard: list[Connection] = []

    async def answer(connection: Connection) -> None:
        heard.append(connection)
        await connection.send(HEAD, chunked(stop() + DONE), END)

    async with serving(answer) as server:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.replace("URL", server.url))
        backend = resolve(model.replace("URL", server.url), **cast(Any, key))
        assert [delta async for delta in backend.stream(Request([user("hi")]))]
        await backend.aclose()
    return heard[0]


async def test_a_provider_is_a_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address and its key come from the environment; colons in the model's name are the model's."""
    variables = {"OPENAI_API_KEY": " sk-test\n", "OPENAI_BASE_URL": "URL/v1/"}
    connection = await sent("openai:ft:gpt:me", variables, monkeypatch)
    assert connection.head.startswith(b"POST /v1/chat/completions ")
    assert connection.header("authorization") == "Bearer sk-test"
    assert connection.json["model"] == "ft:gpt:me"


async def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is made up for it."""
    connection = await sent("ollama:qwen", {"OLLAMA_BASE_URL": "URL/v1"}, monkeypatch)
    assert connection.header("authorization") == ""


async def test_any_server_can_be_asked_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model stands behind the ``#``; the key is the one for such servers, and no provider's."""
    variables = {"LOOPBUS_API_KEY": "sk-mine", "OPENAI_API_KEY": "sk-openai"}
    connection = await sent("URL/v1#org/model:tag", variables, monkeypatch)
    assert connection.json["model"] == "org/model:tag"
    assert connection.header("authorization") == "Bearer sk-mine"


async def test_a_key_that_is_passed_in_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the environment's."""
    connection = await sent("URL/v1#m", {"LOOPBUS_API_KEY": "sk-env"}, monkeypatch, api_key="sk-passed")
    assert connection.header("authorization") == "Bearer sk-passed"


async def test_a_provider_can_be_reached_through_a_gateway() -> None:
    """At its address, with its headers: they go before the environment and before ours."""
    transport = Canned((200, {}, [stop() + DONE]))
    backend = resolve(
        "openai:gpt",
        api_key="sk-1",
        base_url="https://oai.helicone.ai/v1",
        headers={"Helicone-Auth": "Bearer sk-2", "User-Agent": "me"},
        transport=transport,
    )
    assert [delta async for delta in backend.stream(Request([user("hi")]))]
    (request,) = transport.requests
    assert request.url == "https://oai.helicone.ai/v1/chat/completions"
    assert (request.headers["helicone-auth"], request.headers["user-agent"]) == ("Bearer sk-2", "me")


def test_a_backend_is_named_after_provider_and_model() -> None:
    """That is the name in events and price tables."""
    assert resolve("ollama:qwen").model == "ollama:qwen"
    assert resolve("http://models.example:8000/v1#qwen").model == "models.example:qwen"
    assert resolve("openai:gpt", api_key=SecretStr("sk-1")).model == "openai:gpt"
    assert resolve("gemini:flash", api_key="sk-1").model == "google:flash"


def test_the_embedded_model_is_local() -> None:
    """Nothing is fetched or started until it is asked; an unknown one among them is refused at once."""
    assert resolve("local").model.startswith("local")
    with pytest.raises(NotConfigured, match="nonesuch"):
        resolve("local:nonesuch")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("locl", "did you mean 'local'"),
        ("opnai:gpt", "did you mean 'openai:gpt'"),
        ("openrouter/meta/llama-4:free", "did you mean 'openrouter:meta/llama-4:free'"),
        ("gpt-5.2", r"no model is called 'gpt-5\.2': write PROVIDER:MODEL, .* The providers are local, openai, "),
        ("", "no model is called ''"),
        ("openai:", "write openai:MODEL"),
        ("ollama", "write ollama:MODEL"),
        ("http://127.0.0.1/v1", r"write http://127\.0\.0\.1/v1#MODEL"),
        ("ftp://127.0.0.1/v1#m", "is no address"),
        ("http://127.0.0.1:port/v1#m", "is no address"),
        ("https://#m", "is no address"),
        ("https://[#m", "is no address"),
    ],
)
def test_a_name_that_means_nothing_says_what_to_write(model: str, words: str) -> None:
    """The nearest name, or the form that is missing a part."""
    with pytest.raises(NotConfigured, match=words):
        resolve(model)


def test_an_unknown_provider_lists_the_known_ones() -> None:
    """All of them, and the way to reach any other."""
    with pytest.raises(NotConfigured) as caught:
        resolve("nobody:m")
    _, _, listed = str(caught.value).partition("The providers are ")
    assert listed.split(", ") == ["local", *PROVIDERS]
    assert "http://HOST/v1#MODEL" in str(caught.value)


@pytest.mark.parametrize("value", ["", "  "])
def test_a_missing_key_names_its_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent; a blank one is none."""
    monkeypatch.setenv("OPENAI_API_KEY", value)
    with pytest.raises(NotConfigured, match=r"set OPENAI_API_KEY, or .* resolve\('openai:gpt', api_key="):
        resolve("openai:gpt")
