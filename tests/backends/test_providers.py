"""Every row of the table of providers can be asked, signs in as it says, and says what it is missing."""

from collections.abc import Mapping
from string import Formatter
from typing import NamedTuple

import pytest

from loopbus.backends.contract import Request
from loopbus.backends.errors import BackendError, NotConfigured, Refused
from loopbus.backends.known import resolve
from loopbus.backends.provider import Place
from loopbus.backends.providers import ALIASES, ANY_ADDRESS, PROVIDERS
from loopbus.backends.transport import HttpRequest
from loopbus.backends.wire.wire import Wire
from loopbus.events.content import user

from .servers import Canned

REQUEST = Request([user("hi")])
KEY = "planted-key-0123456789"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what the machine happens to have set."""
    for row in (*PROVIDERS.values(), ANY_ADDRESS):
        places = (*row.places.values(), *row.query.values(), *row.headers.values())
        for name in (row.url_variable, *(key.variable for key in row.keys), *sum((p.variables for p in places), ())):
            if name:
                monkeypatch.delenv(name, raising=False)


async def sent(model: str, *, status: int = 500, body: bytes = b"", api_key: str | None = None) -> HttpRequest:
    """What goes to a provider, whose answer is an error."""
    transport = Canned((status, {}, [body]))
    backend = resolve(model, api_key=api_key, transport=transport)
    with pytest.raises(BackendError):
        assert [delta async for delta in backend.stream(REQUEST)]
    return transport.requests[0]


class Call(NamedTuple):
    """What is set, what is asked for, and where it must go."""

    model: str
    variables: Mapping[str, str]
    url: str
    header: str = "authorization"
    value: str = f"Bearer {KEY}"


BEARER_URLS = {
    "cerebras": "https://api.cerebras.ai/v1/chat/completions",
    "deepseek": "https://api.deepseek.com/chat/completions",
    "deepseek-responses": "https://api.deepseek.com/responses",
    "groq": "https://api.groq.com/openai/v1/chat/completions",
    "mistral": "https://api.mistral.ai/v1/chat/completions",
    "openai": "https://api.openai.com/v1/chat/completions",
    "openai-responses": "https://api.openai.com/v1/responses",
    "openrouter": "https://openrouter.ai/api/v1/chat/completions",
    "perplexity": "https://api.perplexity.ai/chat/completions",
    "together": "https://api.together.xyz/v1/chat/completions",
    "xai": "https://api.x.ai/v1/chat/completions",
    "xai-responses": "https://api.x.ai/v1/responses",
    "zai": "https://api.z.ai/api/paas/v4/chat/completions",
}

AZURE = {"AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/", "AZURE_OPENAI_API_KEY": KEY}
VERTEX = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_OAUTH_ACCESS_TOKEN": KEY}
BEDROCK = {"AWS_REGION": "eu-west-1", "AWS_BEARER_TOKEN_BEDROCK": KEY}
GEMINI_PATH = "models/m:streamGenerateContent?alt=sse"

CALLS = [
    *(Call(f"{name}:m", {PROVIDERS[name].key_variable: KEY}, url) for name, url in BEARER_URLS.items()),
    Call("huggingface:m", {"HF_TOKEN": KEY}, "https://router.huggingface.co/v1/chat/completions"),
    Call("cohere:m", {"CO_API_KEY": KEY}, "https://api.cohere.com/v2/chat"),
    Call("cohere-v1:m", {"CO_API_KEY": KEY}, "https://api.cohere.com/v1/chat"),
    Call("dashscope:m", {"DASHSCOPE_API_KEY": KEY}, f"{PROVIDERS['alibaba'].base_url}/chat/completions"),
    Call("azure:d", AZURE, "https://r.openai.azure.com/openai/v1/chat/completions", "api-key", KEY),
    Call("azure-responses:d", AZURE, "https://r.openai.azure.com/openai/v1/responses", "api-key", KEY),
    Call(
        "azure-deployment:d/1",
        {**AZURE, "OPENAI_API_VERSION": "2025-01-01"},
        "https://r.openai.azure.com/openai/deployments/d%2F1/chat/completions?api-version=2025-01-01",
        "api-key",
        KEY,
    ),
    Call(
        "azure:d",
        {"AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/openai/v1/", "AZURE_OPENAI_AD_TOKEN": KEY},
        "https://r.openai.azure.com/openai/v1/chat/completions",
    ),
    Call("anthropic:m", {"ANTHROPIC_API_KEY": KEY}, "https://api.anthropic.com/v1/messages", "x-api-key", KEY),
    Call("anthropic:m", {"ANTHROPIC_AUTH_TOKEN": KEY}, "https://api.anthropic.com/v1/messages"),
    Call(
        "gemini:m",
        {"GEMINI_API_KEY": KEY},
        f"https://generativelanguage.googleapis.com/v1beta/{GEMINI_PATH}",
        "x-goog-api-key",
        KEY,
    ),
    Call(
        "google:m",
        {"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "http://proxy/"},
        f"http://proxy/v1beta/{GEMINI_PATH}",
        "x-goog-api-key",
        KEY,
    ),
    Call(
        "vertex:m",
        VERTEX,
        f"https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/{GEMINI_PATH}",
    ),
    Call(
        "google-vertex:m",
        {**VERTEX, "GOOGLE_CLOUD_LOCATION": "europe-west4"},
        "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/"
        + GEMINI_PATH,
    ),
    Call("bedrock:a:0", BEDROCK, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a%3A0/converse-stream"),
    Call(
        "bedrock-invoke:anthropic.claude",
        {"AWS_DEFAULT_REGION": "cn-north-1", "AWS_BEARER_TOKEN_BEDROCK": KEY},
        "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/anthropic.claude/invoke-with-response-stream",
    ),
    Call("bedrock-mantle-responses:m", BEDROCK, "https://bedrock-mantle.eu-west-1.api.aws/v1/responses"),
    Call("ollama:m", {}, "http://127.0.0.1:11434/v1/chat/completions", value=""),
    Call("ollama-chat:m", {"OLLAMA_HOST": "box:1234"}, "http://box:1234/api/chat", value=""),
    Call("ollama-generate:m", {"OLLAMA_API_KEY": KEY}, "http://127.0.0.1:11434/api/generate"),
    Call("lmstudio:m", {}, "http://127.0.0.1:1234/v1/chat/completions", value=""),
    Call("vllm:m", {"VLLM_API_KEY": KEY}, "http://127.0.0.1:8000/v1/chat/completions"),
    Call("litellm:m", {"LITELLM_PROXY_API_BASE": "http://gate:1"}, "http://gate:1/chat/completions", value=""),
    Call("portkey:m", {"PORTKEY_API_KEY": KEY}, "https://api.portkey.ai/v1/chat/completions", "x-portkey-api-key", KEY),
    Call("helicone:m", {"HELICONE_API_KEY": KEY}, "https://ai-gateway.helicone.ai/v1/chat/completions"),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.model)
async def test_a_request_goes_where_the_provider_listens(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key in the header where it looks for it, and in no other."""
    for name, value in call.variables.items():
        monkeypatch.setenv(name, value)
    request = await sent(call.model)
    assert request.url == call.url
    assert request.headers.get(call.header, "") == call.value
    assert [name for name, value in request.headers.items() if KEY in value] == ([call.header] if call.value else [])


async def test_gateways_hear_in_headers_where_to_send_a_request_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are set; a version that a provider wants is always sent."""
    for name, value in {"PORTKEY_API_KEY": KEY, "PORTKEY_CONFIG": "pc-1"}.items():
        monkeypatch.setenv(name, value)
    headers = (await sent("portkey:m")).headers
    assert (headers["x-portkey-config"], "x-portkey-provider" in headers) == ("pc-1", False)
    assert (await sent("anthropic:m", api_key=KEY)).headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize("name", [name for name, row in PROVIDERS.items() if row.needs_key and row.signer is None])
async def test_a_missing_key_names_every_variable_that_may_hold_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that is refused names the first, and never the key."""
    for place in PROVIDERS[name].places.values():
        for variable in place.variables:
            monkeypatch.setenv(variable, "http://place")
    with pytest.raises(NotConfigured) as caught:
        resolve(f"{name}:m")
    for key in PROVIDERS[name].keys:
        assert key.variable in str(caught.value)
    transport = Canned((401, {}, [f'{{"error": {{"message": "bad key {KEY}"}}}}'.encode()]))
    with pytest.raises(Refused) as refused:
        assert [delta async for delta in resolve(f"{name}:m", api_key=KEY, transport=transport).stream(REQUEST)]
    words = str(refused.value)
    assert name in words
    assert PROVIDERS[name].key_variable in words
    assert KEY not in words


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("azure:m", "azure needs to know its endpoint: set AZURE_OPENAI_ENDPOINT"),
        ("vertex:m", "google-vertex needs to know its project: set GOOGLE_CLOUD_PROJECT"),
        ("bedrock:m", "bedrock needs to know its region: set AWS_REGION or AWS_DEFAULT_REGION"),
    ],
)
def test_a_missing_part_of_an_address_names_its_variables(model: str, words: str) -> None:
    """Before anything is sent."""
    with pytest.raises(NotConfigured, match=words):
        resolve(model, api_key=KEY)


async def test_without_a_key_google_and_aws_are_signed_in_to_by_their_own_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked for when the first request is sent."""
    pytest.importorskip("botocore.session", reason="the extra [bedrock] is not installed")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDPLANTED")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert (await sent("bedrock:m")).headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDPLANTED/")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    pytest.importorskip("google.auth", reason="the extra [vertex] is not installed")
    assert resolve("vertex:m").model == "google-vertex:m"


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_part_of_an_address_has_a_place(name: str) -> None:
    """A row whose address names what nobody can fill in would fail for every user."""
    row = PROVIDERS[name]
    assert {part for _, part, _, _ in Formatter().parse(row.base_url) if part} <= row.places.keys()
    assert row.keys


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_a_row_speaks_is_a_wire(name: str) -> None:
    """It is named in words, which nobody reads before the first request."""
    assert isinstance(PROVIDERS[name].wire, Wire)


def test_other_names_lead_to_rows() -> None:
    """And hide none."""
    assert set(ALIASES.values()) <= PROVIDERS.keys()
    assert not ALIASES.keys() & PROVIDERS.keys()


def test_a_place_without_variables_is_its_default() -> None:
    """Such as the version of an interface."""
    assert Place(default="1") == Place((), "1", str)
