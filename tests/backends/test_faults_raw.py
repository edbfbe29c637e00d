"""What no mock server sends, on every wire and every transport: errors after text, cuts within a character, silence."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import NamedTuple

import pytest

from loopbus.backends.contract import Delta, Request, StopPiece, TextPiece
from loopbus.backends.errors import BackendError, Broken
from loopbus.backends.hosted import Hosted
from loopbus.backends.http import HttpxTransport
from loopbus.backends.http_aiohttp import AiohttpTransport
from loopbus.backends.transport import Timeouts, Transport
from loopbus.events.content import user

from .raw_streams import RAW_STREAMS, RawStream
from .servers import END, Answer, Connection, chunked, serving

Connect = Callable[[Timeouts], Transport]

TRANSPORTS: tuple[Connect, ...] = (HttpxTransport, AiohttpTransport)
SNOWMAN = "a \N{SNOWMAN} in \N{MATHEMATICAL FRAKTUR CAPITAL G}öttingen"


@pytest.fixture(params=TRANSPORTS, ids=["httpx", "aiohttp"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Each transport in turn."""
    return request.param


@pytest.fixture(params=RAW_STREAMS, ids=lambda stream: stream.wire.name)
def stream(request: pytest.FixtureRequest) -> RawStream:
    """Each wire in turn."""
    return request.param


def head(stream: RawStream, framing: bytes = b"transfer-encoding: chunked") -> bytes:
    """The head of an answer that is a stream."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: " + stream.wire.accept.encode() + b"\r\n" + framing + b"\r\n\r\n"


class Heard(NamedTuple):
    """The text that came, whether it came with its stop, and the error if there was one."""

    text: str
    stopped: bool
    error: BackendError | None = None


async def hear(stream: RawStream, transport: Transport, answer: Answer) -> Heard:
    """Read one answer; afterwards no connection is left on which one hangs."""
    deltas: list[Delta] = []
    error: BackendError | None = None
    async with (
        serving(answer) as server,
        aclosing(Hosted(stream.wire, server.url, "m", provider="acme", transport=transport)) as backend,
    ):
        try:
            async with aclosing(backend.stream(Request([user("hi")]))) as pieces:
                async for piece in pieces:
                    deltas.append(piece)  # noqa: PERF401 - a comprehension would lose those before an error
        except BackendError as exc:
            error = exc
        await server.wait_idle()
    text = "".join(piece.text for piece in deltas if isinstance(piece, TextPiece))
    return Heard(text, any(isinstance(piece, StopPiece) for piece in deltas), error)


def bytes_of(data: bytes) -> Iterator[bytes]:
    """Its bytes, each as one chunk of a chunked body."""
    return (chunked(data[at : at + 1]) for at in range(len(data)))


async def test_a_stream_that_arrives_byte_by_byte_is_the_same(stream: RawStream, connect: Connect) -> None:
    """One byte a TCP segment, cut inside every character."""

    async def answer(connection: Connection) -> None:
        await connection.send(head(stream), *bytes_of(stream.begin + stream.text(SNOWMAN) + stream.end), END)

    assert await hear(stream, connect(Timeouts()), answer) == Heard(SNOWMAN, stopped=True)


async def test_an_error_after_text_is_the_providers_own(stream: RawStream, connect: Connect) -> None:
    """On a stream with status 200: the text before it was handed out, the error's words are there, no stop comes."""

    async def answer(connection: Connection) -> None:
        said = stream.begin + stream.text("half ") + stream.text("an answer")
        await connection.send(head(stream), chunked(said), chunked(stream.overloaded), END)

    text, stopped, error = await hear(stream, connect(Timeouts()), answer)
    assert (text, stopped) == ("half an answer", False)
    assert error is not None
    assert error.retryable
    assert error.provider == "acme"
    assert "overloaded" in str(error)


async def test_a_stream_that_ends_inside_a_character_is_half_an_answer(stream: RawStream, connect: Connect) -> None:
    """Whether its end is announced or not: what was whole before it was handed out, and no character is made up."""
    cut = stream.text(SNOWMAN)
    said = stream.begin + stream.text("whole ") + cut[: cut.index("\N{SNOWMAN}".encode()) + 2]

    async def answer(connection: Connection) -> None:
        await connection.send(head(stream), chunked(said), END)

    async def answer_until_closed(connection: Connection) -> None:
        await connection.send(head(stream, b"connection: close") + said)
        await connection.close()

    for ending in (answer, answer_until_closed):
        text, stopped, error = await hear(stream, connect(Timeouts()), ending)
        assert (text, stopped) == ("whole ", False)
        assert isinstance(error, Broken)


async def test_a_stream_that_falls_silent_is_given_up(stream: RawStream, connect: Connect) -> None:
    """After the idle time; its connection is closed."""

    async def answer(connection: Connection) -> None:
        await connection.send(head(stream), chunked(stream.begin + stream.text("half")))
        await connection.wait_gone()

    text, stopped, error = await hear(stream, connect(Timeouts(idle_s=0.05)), answer)
    assert (text, stopped) == ("half", False)
    assert isinstance(error, Broken)
    assert "idle_s" in str(error)


async def test_a_connection_that_is_reset_is_broken(stream: RawStream, connect: Connect) -> None:
    """In the middle of an answer; the text before it may come or not, but never as a whole answer."""

    async def answer(connection: Connection) -> None:
        await connection.send(head(stream), chunked(stream.begin + stream.text("half")))
        await connection.reset()

    text, stopped, error = await hear(stream, connect(Timeouts()), answer)
    assert text in ("", "half")
    assert not stopped
    assert type(error) is Broken
