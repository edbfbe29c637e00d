"""A backend for any wire: where it sends, how it signs, what it never tells."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
from pydantic import SecretStr

from loopbus.backends.auth import KeyAuth
from loopbus.backends.contract import Delta, Request, StopPiece, TextPiece
from loopbus.backends.errors import BackendError, NotConfigured, Refused
from loopbus.backends.hosted import Hosted
from loopbus.backends.transport import HttpRequest
from loopbus.backends.wire.anthropic_messages import ANTHROPIC_MESSAGES
from loopbus.backends.wire.bedrock_converse import BEDROCK_CONVERSE
from loopbus.backends.wire.gemini import GEMINI
from loopbus.backends.wire.openai_chat import OPENAI_CHAT
from loopbus.backends.wire.wire import Wire
from loopbus.events.content import user

from .servers import Canned, piece, stop

REQUEST = Request([user("hi")])
HELLO = b'[{"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]}'


class Signed:
    """Signs with the number of the request, as a token that changes."""

    variable = "THE_VARIABLE"

    def __init__(self) -> None:
        self.secrets: list[SecretStr] = []
        self.seen: list[HttpRequest] = []

    async def headers(self, request: HttpRequest) -> Mapping[str, str]:
        self.seen.append(request)
        token = f"planted-token-{len(self.seen)}"
        self.secrets[:] = [SecretStr(token)]
        return {"authorization": token, "x-signed": "yes"}


async def collect(backend: Hosted, request: Request = REQUEST) -> Sequence[Delta]:
    """Everything that a stream yields."""
    return [delta async for delta in backend.stream(request)]


async def sent_to(wire: Wire, base_url: str, *, streaming: bool = True, **query: str) -> str:
    """The address that a request goes to."""
    transport = Canned((500, {}, [b""]))
    backend = Hosted(wire, base_url, "m", provider="acme", query=query, transport=transport)
    with pytest.raises(BackendError):
        await collect(backend, replace(REQUEST, streaming=streaming))
    return transport.requests[0].url


@pytest.mark.parametrize(
    ("wire", "base_url", "url"),
    [
        (OPENAI_CHAT, "http://x/v1", "http://x/v1/chat/completions"),
        (OPENAI_CHAT, "http://x/v1/", "http://x/v1/chat/completions"),
        (OPENAI_CHAT, "http://x/v1/chat/completions", "http://x/v1/chat/completions"),
        (OPENAI_CHAT, "http://x/v1?api-version=preview", "http://x/v1/chat/completions?api-version=preview"),
        (ANTHROPIC_MESSAGES, "http://x", "http://x/v1/messages"),
        (GEMINI, "http://x/v1beta", "http://x/v1beta/models/m:streamGenerateContent?alt=sse"),
        (GEMINI, "http://x/v1beta?key=1", "http://x/v1beta/models/m:streamGenerateContent?alt=sse&key=1"),
        (BEDROCK_CONVERSE, "http://x", "http://x/model/m/converse-stream"),
    ],
)
async def test_an_address_is_the_base_and_the_wires_path(wire: Wire, base_url: str, url: str) -> None:
    """However people write the base; what stands behind its question mark stays there."""
    assert await sent_to(wire, base_url) == url


async def test_a_query_is_appended_in_both_ways_of_asking() -> None:
    """Written as an address must be."""
    assert await sent_to(OPENAI_CHAT, "http://x", a="b c") == "http://x/chat/completions?a=b+c"
    whole = await sent_to(GEMINI, "http://x", streaming=False, a="b")
    assert whole == "http://x/models/m:generateContent?a=b"


@pytest.mark.parametrize("base_url", ["", "x/v1", "ftp://x", "http://", "http://x:99999", "http://["])
def test_a_base_url_that_is_none_is_told_at_once(base_url: str) -> None:
    """Before any request, naming what was given."""
    with pytest.raises(NotConfigured, match="is no address such as"):
        Hosted(OPENAI_CHAT, base_url, "m", provider="acme")


async def test_each_request_is_signed_as_it_is_sent() -> None:
    """With its address and its body; headers of the user's own go before the signature's."""
    transport = Canned(*[(200, {}, [piece("a"), stop()])] * 2)
    auth = Signed()
    backend = Hosted(
        OPENAI_CHAT, "http://x", "m", auth, provider="acme", headers={"x-signed": "mine"}, transport=transport
    )
    for number in (1, 2):
        assert await collect(backend) == [TextPiece("a"), StopPiece("end", "stop")]
        request = transport.requests[-1]
        assert request.headers["authorization"] == f"planted-token-{number}"
        assert request.headers["x-signed"] == "mine"
        assert (auth.seen[-1].url, auth.seen[-1].body) == (request.url, request.body)


async def test_a_refusal_names_provider_and_variable_and_never_the_key() -> None:
    """Also one that changes from request to request, and that the provider repeats."""
    transport = Canned((401, {}, [b'{"error": {"message": "bad token planted-token-1"}}']))
    backend = Hosted(OPENAI_CHAT, "http://x", "m", Signed(), provider="acme", transport=transport)
    with pytest.raises(Refused, match=r"acme answered 401: bad token \*\*\* \(check the key in THE_VARIABLE\)"):
        await collect(backend)


async def test_a_signature_that_cannot_be_had_is_an_error_of_the_provider() -> None:
    """Nothing is sent then."""

    class Unsigned(Signed):
        async def headers(self, request: HttpRequest) -> Mapping[str, str]:
            raise NotConfigured("no credentials")

    transport = Canned()
    backend = Hosted(OPENAI_CHAT, "http://x", "m", Unsigned(), provider="acme", transport=transport)
    with pytest.raises(NotConfigured, match="no credentials") as caught:
        await collect(backend)
    assert (caught.value.provider, transport.requests) == ("acme", [])


async def test_a_stream_is_asked_for_as_the_wire_streams() -> None:
    """By the media type that it has there."""
    transport = Canned((500, {}, [b""]))
    with pytest.raises(BackendError):
        await collect(Hosted(BEDROCK_CONVERSE, "http://x", "m", provider="acme", transport=transport))
    assert transport.requests[0].headers["accept"] == "application/vnd.amazon.eventstream"


@pytest.mark.parametrize(("json_streams", "read"), [(True, 1), (False, 2)])
async def test_plain_json_is_a_stream_where_the_wire_streams_so(json_streams: bool, read: int) -> None:
    """Each element of Gemini's array is told as soon as it is there; elsewhere JSON is an answer, and read whole."""
    seen: list[bytes] = []

    def body() -> Iterator[bytes]:
        for chunk in (HELLO, b"]"):
            seen.append(chunk)
            yield chunk

    transport = Canned((200, {"content-type": "application/json; charset=UTF-8"}, body()))
    wire = replace(GEMINI, json_streams=json_streams)
    async with aclosing(Hosted(wire, "http://x", "m", provider="google", transport=transport).stream(REQUEST)) as it:
        assert await anext(it) == TextPiece("Hello")
    assert len(seen) == read


async def test_the_key_is_shown_by_no_part_of_the_backend() -> None:
    """Nor by the request that carries it."""
    transport = Canned((200, {}, [stop()]))
    backend = Hosted(OPENAI_CHAT, "http://x", "m", KeyAuth("sk-planted"), provider="acme", transport=transport)
    await collect(backend)
    assert "sk-planted" not in f"{backend!r} {vars(backend)!r} {transport.requests!r}"
    assert (repr(backend), backend.model) == ("Hosted('m')", "acme:m")
