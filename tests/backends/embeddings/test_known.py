"""Embedders are asked for by name; what is missing is said before anything is sent."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic_core import from_json

from loopbus.backends.embeddings import LocalEmbedder, embedder
from loopbus.backends.embeddings.services import SERVICES
from loopbus.backends.errors import NotConfigured
from loopbus.backends.local import UnknownLocalModel
from loopbus.backends.transport import HttpRequest

from ..servers import Canned

VARIABLES = {
    name
    for service in SERVICES.values()
    for name in (
        *(key.variable for key in service.provider.keys),
        service.provider.url_variable,
        *(variable for place in service.provider.places.values() for variable in place.variables),
    )
    if name
} | {"LOOPBUS_API_KEY"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what the machine happens to have set."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def sent(model: str, answer: Mapping[str, object], **options: Any) -> HttpRequest:
    """The request for one text."""
    body = repr(answer).replace("'", '"').encode()
    transport = Canned((200, {"content-type": "application/json"}, [body]))
    found = await embedder(model, transport=transport, **options).embed(["tea"])
    assert [list(vector) for vector in found.vectors] == [[0.5]]
    return transport.requests[0]


OPENAI = {"data": [{"embedding": [0.5]}]}


@pytest.mark.parametrize(
    ("model", "variables", "answer", "url", "header"),
    [
        ("openai:e", {"OPENAI_API_KEY": "k"}, OPENAI, "https://api.openai.com/v1/embeddings", "authorization"),
        (
            "azure-deployment:e",
            {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com"},
            OPENAI,
            "https://r.openai.azure.com/openai/deployments/e/embeddings?api-version=2024-10-21",
            "api-key",
        ),
        ("mistral:e", {"MISTRAL_API_KEY": "k"}, OPENAI, "https://api.mistral.ai/v1/embeddings", "authorization"),
        (
            "gemini:e",
            {"GEMINI_API_KEY": "k"},
            {"embeddings": [{"values": [0.5]}]},
            "https://generativelanguage.googleapis.com/v1beta/models/e:batchEmbedContents",
            "x-goog-api-key",
        ),
        (
            "vertex:e",
            {"GOOGLE_OAUTH_ACCESS_TOKEN": "k", "GOOGLE_CLOUD_PROJECT": "p"},
            {"predictions": [{"embeddings": {"values": [0.5]}}]},
            "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/e:predict",
            "authorization",
        ),
        (
            "cohere:e",
            {"CO_API_KEY": "k"},
            {"embeddings": {"float": [[0.5]]}},
            "https://api.cohere.com/v2/embed",
            "authorization",
        ),
        (
            "bedrock:us.cohere.embed-v4:0",
            {"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_REGION": "us-east-1"},
            {"embeddings": {"float": [[0.5]]}},
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.cohere.embed-v4%3A0/invoke",
            "authorization",
        ),
        (
            "bedrock:amazon.titan-embed-text-v2:0",
            {"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_REGION": "us-east-1"},
            {"embedding": [0.5]},
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke",
            "authorization",
        ),
        ("ollama:e", {"OLLAMA_HOST": "box:1"}, {"embeddings": [[0.5]]}, "http://box:1/api/embed", ""),
        ("ollama-openai:e", {}, OPENAI, "http://127.0.0.1:11434/v1/embeddings", ""),
        ("http://box:8000/v1#e", {"LOOPBUS_API_KEY": "k"}, OPENAI, "http://box:8000/v1/embeddings", "authorization"),
    ],
)
async def test_a_provider_is_a_row_of_the_table(
    model: str,
    variables: Mapping[str, str],
    answer: Mapping[str, object],
    url: str,
    header: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is spoken to where its chat is, with the same key."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    request = await sent(model, answer)
    assert request.url == url
    assert not header or request.headers[header].removeprefix("Bearer ") == "k"


async def test_bedrock_is_signed_with_the_credentials_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it has no key of its own; the body is under the signature."""
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    request = await sent("bedrock:amazon.titan-embed-text-v1", {"embedding": [0.5]})
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/")
    assert from_json(request.body) == {"inputText": "tea"}


async def test_a_gateway_is_an_address_and_headers() -> None:
    """With a key that is passed in."""
    request = await sent("openai:e", OPENAI, api_key="k", base_url="https://gate.example/v1")
    assert request.url == "https://gate.example/v1/embeddings"
    assert request.headers["authorization"] == "Bearer k"


def test_without_a_name_it_is_the_one_on_this_machine() -> None:
    """Nothing is downloaded before it is used."""
    assert isinstance(embedder(), LocalEmbedder)
    assert embedder("local:all-minilm-l6-v2").model == embedder("local").model == "local:all-minilm-l6-v2"


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("opnai:e", "did you mean 'openai:e'"),
        ("anthropic:e", "The providers are local, openai"),
        ("openai", "write openai:MODEL"),
        ("http://box/v1", "write http://box/v1#MODEL"),
        ("http://[/v1#e", "is no address"),
        ("bedrock:amazon.nova-lite-v1:0", "Known: amazon.titan-embed-text-v2..."),
        ("openai:e", r"set OPENAI_API_KEY, or write embedder\('openai:e', api_key=...\)"),
        ("bedrock:cohere.embed-v4:0", "set AWS_REGION or AWS_DEFAULT_REGION"),
    ],
)
def test_what_is_missing_is_said(model: str, says: str) -> None:
    """With what to write or to set."""
    with pytest.raises(NotConfigured, match=says):
        embedder(model)


def test_a_local_model_that_is_none_is_said() -> None:
    """With the one there is."""
    with pytest.raises(UnknownLocalModel, match="Known: local:all-minilm-l6-v2"):
        embedder("local:bge")
