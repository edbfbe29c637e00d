"""One exchange with a model over HTTP: a request in, deltas out, whatever the wire."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

import anyio

from .contract import Delta
from .errors import BackendError, Broken, Misunderstood
from .transport import HttpReply, HttpRequest, Transport
from .wire.account import Account
from .wire.failure import failure_of_reply
from .wire.wire import AnswerReader, FrameReader

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
FAREWELL_S = 1.0
"""How long to wait for the end of the body once the wire has said its last word. It frees the connection for reuse."""

JSON = "application/json"
PAGE = "text/html"
"""Never an answer: where a wrong base URL leads, or a gateway's apology."""
STREAMED: Mapping[str, bool] = {
    "text/event-stream": True,
    "application/vnd.amazon.eventstream": True,
    "application/x-ndjson": True,
    "application/stream+json": True,
    JSON: False,
}
"""Content types that say whether an answer is a stream."""

F = TypeVar("F")


async def exchange(
    transport: Transport,
    request: HttpRequest,
    account: Account,
    frames: FrameReader[F],
    answer: AnswerReader[F],
    *,
    streaming: bool,
    json_streams: bool = False,
    sign: Callable[[HttpRequest], Awaitable[HttpRequest]] | None = None,
) -> AsyncGenerator[Delta, None]:
    """Send ``request``, signed by ``sign`` first, and yield the deltas of its answer, the stop last.

    Whether the answer is a stream is for its content type to say; ``streaming``, what was asked for, counts where that
    says nothing, as JSON does where ``json_streams``. Leaving early closes the connection.

    :raises BackendError: whatever goes wrong, told apart by class; ``provider`` is set.
    """
    try:
        if sign is not None:
            request = await sign(request)
        async with transport.open(request) as reply:
            await _check_status(reply, account)
            if not _is_stream(reply.headers, streaming, json_streams):
                for delta in answer.read_whole(await reply.read(MAX_BODY_BYTES)):
                    yield delta
                return
            feed, read, chunks = frames.feed, answer.read, reply.chunks
            while not answer.done:
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                except Broken:
                    # What was said last is whole, and it is paid for: asking again would pay twice.
                    if answer.stopped:
                        break
                    raise
                for frame in feed(chunk):
                    for delta in read(frame):
                        yield delta
            for delta in _last_deltas(frames, answer):
                yield delta
            if answer.done:
                await _wait_farewell(chunks)
    except BackendError as exc:
        exc.provider = exc.provider or account.provider
        raise


async def _check_status(reply: HttpReply, account: Account) -> None:
    if not 200 <= reply.status < 300:
        body = await reply.read(MAX_ERROR_BYTES, cut=True)
        raise failure_of_reply(account, reply.status, reply.headers, body, now_s=time.time())
    if _media_type(reply.headers) == PAGE:
        page = await reply.read(MAX_ERROR_BYTES, cut=True)
        raise Misunderstood(f"{account.provider} sent a web page; is the base URL right?", frame=page)


def _last_deltas(frames: FrameReader[F], answer: AnswerReader[F]) -> Iterator[Delta]:
    for frame in frames.close():
        # A frame without its end is whole if it can be read, for JSON says itself where it ends. If not, the stream was
        # cut there, and ``finish`` says so.
        with suppress(Misunderstood):
            yield from answer.read(frame)
    yield from answer.finish()


async def _wait_farewell(chunks: AsyncGenerator[bytes, None]) -> None:
    with anyio.move_on_after(FAREWELL_S), suppress(Broken):
        async for _ in chunks:
            pass


def _is_stream(headers: Mapping[str, str], asked: bool, json_streams: bool) -> bool:
    media_type = _media_type(headers)
    return asked if json_streams and media_type == JSON else STREAMED.get(media_type, asked)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
