"""An exchange yields the deltas of its answer, knows when it is over, and tells every failure apart."""

from collections.abc import Iterable
from contextlib import aclosing

import anyio
import pytest

from loopbus.backends.contract import Delta, StopPiece, TextPiece
from loopbus.backends.errors import Broken, Busy, Incomplete, Misunderstood, Refused
from loopbus.backends.exchange import exchange
from loopbus.backends.http import HttpxTransport
from loopbus.backends.transport import HttpRequest, Transport
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.openai_chat import ChatReader
from loopbus.backends.wire.sse import SseReader

from .servers import DONE, END, HEAD, Canned, Connection, chunked, event, piece, serving, stop

ACCOUNT = Account("acme")
SSE = {"content-type": "text/event-stream; charset=utf-8"}
JSON = {"content-type": "application/json"}
WHOLE = b'{"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}]}'
SAID = [TextPiece("a"), StopPiece("end", "stop")]


async def deltas(transport: Transport, *, url: str = "http://x", streaming: bool = True) -> list[Delta]:
    """All deltas of one exchange."""
    stream = exchange(transport, HttpRequest(url), ACCOUNT, SseReader(), ChatReader(ACCOUNT), streaming=streaming)
    async with aclosing(stream):
        return [delta async for delta in stream]


async def answered(chunks: Iterable[bytes], status: int = 200, headers: dict[str, str] = SSE) -> list[Delta]:
    """The deltas of an answer."""
    return await deltas(Canned((status, headers, chunks)))


def broken_after(*chunks: bytes) -> Iterable[bytes]:
    """Chunks, and then a lost connection."""
    yield from chunks
    raise Broken("lost")


async def test_a_stream_is_read_to_its_end() -> None:
    """The stop comes last."""
    assert await answered([piece("a"), stop(), DONE]) == SAID


async def test_the_answer_itself_says_whether_it_is_a_stream() -> None:
    """Servers that ignore what was asked for are understood; where the type says nothing, the request counts."""
    assert await deltas(Canned((200, JSON, [WHOLE])), streaming=True) == SAID
    assert await deltas(Canned((200, SSE, [piece("a"), stop()])), streaming=False) == SAID
    assert await deltas(Canned((200, {}, [piece("a"), stop()])), streaming=True) == SAID
    assert await deltas(Canned((200, {}, [WHOLE])), streaming=False) == SAID


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/stream+json"])
async def test_json_lines_are_a_stream(kind: str) -> None:
    """Whatever was asked for: a line is no whole answer."""
    assert await deltas(Canned((200, {"content-type": kind}, [piece("a"), stop()])), streaming=False) == SAID


async def test_a_stream_may_end_without_its_mark() -> None:
    """Once the provider has said why the reply is over, ``[DONE]`` adds nothing."""
    assert await answered([piece("a"), stop()]) == SAID


async def test_a_stream_may_end_without_its_last_blank_line() -> None:
    """The frame is whole if it can be read."""
    assert await answered([piece("a"), stop().rstrip()]) == SAID
    last = event({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]})
    assert await answered([last.rstrip()]) == SAID
    assert await answered([piece("a"), stop(), DONE.rstrip()]) == SAID


async def test_a_frame_cut_at_the_end_is_half_an_answer() -> None:
    """It is not misunderstood: what is wrong is that the rest is missing."""
    with pytest.raises(Incomplete):
        await answered([piece("a"), stop()[:-10]])


async def test_a_stream_without_its_reason_is_incomplete() -> None:
    """Also if it is marked as done; the deltas before it were handed out."""
    answer = ChatReader(ACCOUNT)
    transport = Canned((200, SSE, [piece("a"), DONE]))
    stream = exchange(transport, HttpRequest("http://x"), ACCOUNT, SseReader(), answer, streaming=True)
    assert await anext(stream) == TextPiece("a")
    with pytest.raises(Incomplete) as caught:
        await anext(stream)
    assert caught.value.provider == "acme"


async def test_an_empty_stream_is_incomplete() -> None:
    """Nothing at all is no answer."""
    with pytest.raises(Incomplete):
        await answered([])


async def test_a_connection_lost_after_the_last_word_costs_nothing() -> None:
    """The reply is whole and paid for: asking again would pay twice."""
    assert await answered(broken_after(piece("a"), stop())) == SAID
    assert await answered(broken_after(piece("a"), stop(), DONE)) == SAID


async def test_a_connection_lost_before_is_broken() -> None:
    """The error names the provider."""
    with pytest.raises(Broken, match="lost") as caught:
        await answered(broken_after(piece("a")))
    assert caught.value.provider == "acme"


async def test_what_follows_the_end_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stop is handed out at once, and a server that keeps the connection open after it delays nobody."""
    monkeypatch.setattr("loopbus.backends.exchange.FAREWELL_S", 0.01)

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD, chunked(piece("a") + stop() + DONE))
        await connection.wait_gone()

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        with anyio.fail_after(5):
            assert await deltas(transport, url=server.url) == SAID
        await server.wait_open(0)


async def test_a_connection_is_kept_for_the_next_exchange() -> None:
    """What follows ``[DONE]`` is read, if it comes soon, so that the connection is free again."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD, chunked(piece("a") + stop() + DONE), chunked(b": farewell\n\n"), END)

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        for _ in range(3):
            assert await deltas(transport, url=server.url) == SAID
        assert (server.asked, server.opened) == (3, 1)


async def test_an_error_status_is_told_in_the_providers_words() -> None:
    """No matter what the request was; a long explanation is cut."""
    with pytest.raises(Refused, match="acme answered 404: no such model"):
        await answered([b'{"error": "no such model"}'], 404, JSON)
    with pytest.raises(Busy) as caught:
        await answered([b"x" * 100_000], 429, {"retry-after": "3"})
    assert (caught.value.retry_after_s, caught.value.status, caught.value.provider) == (3, 429, "acme")
    assert len(str(caught.value)) < 3000


async def test_a_web_page_is_no_empty_answer() -> None:
    """A wrong base URL often leads to one, with status 200; the error shows it."""
    with pytest.raises(Misunderstood, match=r"is the base URL right.*<html>") as caught:
        await answered([b"<html>Welcome</html>"], 200, {"content-type": "text/html; charset=utf-8"})
    assert not caught.value.retryable


async def test_a_frame_that_cannot_be_read_is_misunderstood() -> None:
    """In the middle of a stream that is an error, and it quotes the frame."""
    with pytest.raises(Misunderstood, match="nonsense"):
        await answered([piece("a"), b"data: nonsense\n\n", stop()])
