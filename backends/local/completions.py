"""What the engine is asked over HTTP: to render a conversation, and to complete a text."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NamedTuple

from ...events.usage import Usage
from ..errors import Incomplete
from ..transport import HttpReply, HttpRequest, Transport
from ..wire.account import Account
from ..wire.failure import failure, failure_of_reply
from ..wire.objects import read_object, write_object
from ..wire.sse import SseReader
from .engine import Address

MAX_PROMPT_BYTES = 16 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024

FINAL_FIELDS = ("stop", "content", "stop_type", "tokens_evaluated", "tokens_predicted", "timings/cache_n")
"""What the last event need hold. Without a choice it repeats the prompt and every setting."""


class Piece(NamedTuple):
    """Some more text, and the log of the model's probability for its least likely token; 0 where none was asked for."""

    text: str
    logprob: float = 0.0


class End(NamedTuple):
    """The completion is over; ``why`` in the engine's own word: ``eos``, ``word`` or ``limit``."""

    why: str
    usage: Usage


class Completions:
    """Speaks to one running engine."""

    def __init__(self, transport: Transport, address: Address) -> None:
        self._transport = transport
        self._url = address.url
        self._account = Account("local", address.key)
        self._headers = {
            "content-type": "application/json",
            # The engine hangs up on its own after 5 s or 100 requests, and a request may just then be on its way.
            "connection": "close",
            "authorization": f"Bearer {address.key.get_secret_value()}",
        }

    async def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The conversation as the text that the model was trained on, up to where its reply begins."""
        async with self._transport.open(self._request("apply-template", {"messages": list(messages)})) as reply:
            await self._check(reply)
            return read_object(await reply.read(MAX_PROMPT_BYTES))["prompt"]

    async def complete(self, prompt: str, settings: Mapping[str, Any]) -> AsyncGenerator[Piece | End, None]:
        """Complete ``prompt``; the last item is the ``End``. Leaving early makes the engine stop.

        :raises ContextOverflow: the prompt is longer than a slot.
        :raises Broken: the engine failed or was lost.
        """
        body = {**settings, "prompt": prompt, "stream": True, "response_fields": FINAL_FIELDS}
        frames = SseReader()
        async with self._transport.open(self._request("completion", body)) as reply:
            await self._check(reply)
            async for chunk in reply.chunks:
                for frame in frames.feed(chunk):
                    event = read_object(frame.data)
                    if "error" in event:
                        raise failure(self._account, event)
                    yield _piece(event)
                    if event["stop"]:
                        yield _end(event)
                        return
        raise Incomplete("the engine closed the stream before the reply was over")

    def _request(self, path: str, body: Mapping[str, Any]) -> HttpRequest:
        return HttpRequest(f"{self._url}/{path}", headers=self._headers, body=write_object(body))

    async def _check(self, reply: HttpReply) -> None:
        if reply.status != 200:
            body = await reply.read(MAX_ERROR_BYTES, cut=True)
            raise failure_of_reply(self._account, reply.status, reply.headers, body, now_s=time.time())


def _piece(event: Mapping[str, Any]) -> Piece:
    tokens = event.get("completion_probabilities", ())
    return Piece(event["content"], min((token["logprob"] for token in tokens), default=0.0))


def _end(event: Mapping[str, Any]) -> End:
    usage = Usage(
        input_tokens=event["tokens_evaluated"],
        output_tokens=event["tokens_predicted"],
        cached_tokens=event["timings/cache_n"],
    )
    return End(event["stop_type"], usage)
