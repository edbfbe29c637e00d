"""The backend for Chat Completions: what it sends, what it understands, and what it never tells."""

import logging
from contextlib import aclosing

import pytest
from pydantic import SecretStr

from loopbus.backends.contract import Capabilities, Delta, Request, StopPiece, TextPiece
from loopbus.backends.errors import BackendError, Broken, Busy, Incomplete, NotConfigured, Refused
from loopbus.backends.http import HttpxTransport
from loopbus.backends.openai_compatible import OpenAICompatible
from loopbus.backends.transport import Timeouts
from loopbus.events.content import Audio, user

from .servers import DONE, END, HEAD, Answer, Canned, Connection, chunked, event, piece, serving, stop

KEY = "sk-planted-secret-0123456789"
REQUEST = Request([user("hi")])


async def collect(backend: OpenAICompatible, into: list[Delta]) -> None:
    """Keep what a stream yields, also if it fails."""
    async with aclosing(backend.stream(REQUEST)) as deltas:
        async for delta in deltas:
            into.append(delta)  # noqa: PERF401 - a comprehension would lose them


async def failed(answer: Answer, timeouts: Timeouts) -> tuple[list[Delta], BackendError]:
    """What came of a stream that must fail, and the error; the server is left alone afterwards."""
    got: list[Delta] = []
    transport = HttpxTransport(timeouts)
    async with serving(answer) as server, aclosing(OpenAICompatible(server.url, "m", transport=transport)) as backend:
        with pytest.raises(BackendError) as caught:
            await collect(backend, got)
        await server.wait_idle()
    return got, caught.value


async def test_headers_say_what_is_sent_and_what_is_wanted() -> None:
    """A stream is not to be compressed; headers of the user's own come last."""
    transport = Canned((200, {}, [piece("a"), stop()]), (200, {"content-type": "application/json"}, [b"{"]))
    backend = OpenAICompatible(
        "http://x/v1", "m", KEY, headers={"x-team": "red", "user-agent": "me"}, transport=transport
    )
    assert [delta async for delta in backend.stream(REQUEST)]
    with pytest.raises(BackendError):
        assert [delta async for delta in backend.stream(Request([], streaming=False))]
    assert [request.url for request in transport.requests] == ["http://x/v1/chat/completions"] * 2
    assert transport.requests[0].headers == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "authorization": f"Bearer {KEY}",
        "user-agent": "me",
        "x-team": "red",
    }
    assert "accept-encoding" not in transport.requests[1].headers


@pytest.mark.parametrize("base_url", ["http://x/v1", "http://x/v1/", "http://x/v1/chat/completions"])
async def test_the_base_url_may_be_written_in_any_common_way(base_url: str) -> None:
    """People copy it from where they find it."""
    transport = Canned((200, {}, [stop()]))
    assert [delta async for delta in OpenAICompatible(base_url, "m", transport=transport).stream(REQUEST)]
    assert transport.requests[0].url == "http://x/v1/chat/completions"


async def test_name_and_capabilities_are_what_they_were_said_to_be() -> None:
    """And closing closes the transport."""
    transport = Canned()
    backend = OpenAICompatible(
        "http://x", "m", provider="acme", capabilities=Capabilities(tools=False), transport=transport
    )
    assert (backend.model, backend.capabilities.tools) == ("acme:m", False)
    await backend.aclose()
    assert transport.closed == 1


def test_what_the_wire_cannot_carry_is_refused_before_it_is_sent() -> None:
    """At once, not at the first delta."""
    with pytest.raises(Refused, match="as bytes"):
        OpenAICompatible("http://x", "m", transport=Canned()).stream(
            Request([user(Audio("audio/wav", url="http://x"))])
        )


async def test_a_stream_cut_inside_a_character_is_broken() -> None:
    """What came before is handed out, nothing is made up for the rest."""

    async def answer(connection: Connection) -> None:
        cut = piece("\u00e9").split(b"\xc3")[0] + b"\xc3"
        await connection.send(HEAD, chunked(piece("a")), chunked(cut))
        await connection.close()

    got, error = await failed(answer, Timeouts())
    assert (got, type(error)) == ([TextPiece("a")], Broken)


async def test_a_stream_that_ends_politely_in_the_middle_is_incomplete() -> None:
    """The body is whole HTTP; the answer in it is not whole."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD, chunked(piece("a")), chunked(piece("b")[:20]), END)

    got, error = await failed(answer, Timeouts())
    assert (got, type(error)) == ([TextPiece("a")], Incomplete)


async def test_an_error_after_text_is_raised_after_the_text() -> None:
    """With the class that its status would have, though the stream's own was 200."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD, chunked(piece("a")))
        await connection.send(
            chunked(b"event: error\n" + event({"error": {"type": "overloaded_error", "message": "x"}}))
        )

    got, error = await failed(answer, Timeouts())
    assert (got, type(error)) == ([TextPiece("a")], Busy)


async def test_a_stall_is_broken_after_the_idle_limit() -> None:
    """And its connection is closed."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD, chunked(piece("a")))
        await connection.wait_gone()

    got, error = await failed(answer, Timeouts(idle_s=0.05))
    assert (got, type(error)) == ([TextPiece("a")], Broken)
    assert error.retryable
    assert error.provider == "openai-compatible"


async def test_a_reset_is_broken() -> None:
    """A lost connection is no end of an answer."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD, chunked(piece("a")))
        await connection.reset()

    _, error = await failed(answer, Timeouts())
    assert type(error) is Broken


async def test_one_byte_at_a_time_is_the_same_answer() -> None:
    """However the network cuts it, also inside a character."""

    async def answer(connection: Connection) -> None:
        body = piece("\u00e9\U0001f600") + stop() + DONE
        await connection.send(HEAD, *(chunked(bytes([byte])) for byte in body), END)

    async with serving(answer) as server, aclosing(OpenAICompatible(server.url, "m")) as backend:
        got: list[Delta] = []
        await collect(backend, got)
    assert got == [TextPiece("\u00e9\U0001f600"), StopPiece("end", "stop")]


async def test_the_key_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in a ``repr``, a log line, an error or its causes, whatever the provider echoes."""
    caplog.set_level(logging.DEBUG)

    async def answer(connection: Connection) -> None:
        body = b'{"error": {"message": "bad key %s"}}' % connection.header("authorization").encode()
        await connection.send(b"HTTP/1.1 401 No\r\ncontent-length: %d\r\n\r\n" % len(body), body)

    async with serving(answer) as server, aclosing(OpenAICompatible(server.url, "m", SecretStr(KEY))) as backend:
        with pytest.raises(Refused, match="bad key Bearer") as caught:
            assert [delta async for delta in backend.stream(REQUEST)]
        shown = [repr(backend), str(backend), repr(vars(backend)), caplog.text, repr(caught.value)]
    error: BaseException | None = caught.value
    while error is not None:
        shown.append(f"{error!r} {error.args} {vars(error)}")
        error = error.__cause__ or error.__context__
    assert not [text for text in shown if KEY in text]


@pytest.mark.parametrize("key", ["sk-with\nnewline", "sk-\u2014dash"])
async def test_a_key_that_no_header_can_carry_is_told_without_it(key: str) -> None:
    """Copied with something around it; what surrounds it is often only blank, and that is cut off."""
    async with aclosing(OpenAICompatible("http://127.0.0.1:1", "m", key)) as backend:
        with pytest.raises(NotConfigured, match="authorization") as caught:
            assert [delta async for delta in backend.stream(REQUEST)]
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    "base_url", ["", "127.0.0.1:8000", "ftp://x", "http://", "http://x:99999", "http://[", "file:///x"]
)
def test_a_base_url_that_is_none_is_told_at_once(base_url: str) -> None:
    """Before any request, naming what was given."""
    with pytest.raises(NotConfigured, match="is no address such as"):
        OpenAICompatible(base_url, "m")
