"""A backend whose provider is a recording: what is asked is kept, what is answered was recorded."""

import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from loopbus.backends.contract import Reply, Request
from loopbus.backends.errors import BackendError
from loopbus.backends.fold import ReplyFold
from loopbus.backends.hosted import Hosted
from loopbus.backends.http import HttpxTransport, load_httpx
from loopbus.backends.providers import PROVIDERS
from loopbus.backends.wire.openai_chat import OPENAI_CHAT
from loopbus.backends.wire.wire import Wire
from loopbus.events.content import Block, user

from ..backends.cuts import cut_at
from ..backends.recorded import Recording

httpx: Any = load_httpx()

Cut = Callable[[bytes], Sequence[bytes]]

WAYS: Mapping[str, Cut] = {
    "whole": lambda body: [body],
    "byte by byte": lambda body: cut_at(body, list(range(1, len(body)))),
    "at random": lambda body: cut_at(body, random.Random(body).choices(range(len(body) + 1), k=30)),
}
"""How a body may arrive. Random is the same each time, or a failure could not be looked at."""

WIRES: Mapping[str, Wire] = {**{row.wire.name: row.wire for row in PROVIDERS.values()}, OPENAI_CHAT.name: OPENAI_CHAT}
"""Every wire that somebody in the table speaks, by the name that recordings have for it."""


class Outcome(NamedTuple):
    """What a backend made of an answer: a reply, or an error and the blocks that came before it."""

    result: Reply | BackendError
    came: tuple[Block, ...] = ()


class Chunks(httpx.AsyncByteStream):
    """A recorded body, cut."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        for chunk in self._chunks:
            yield chunk


def wire_of(recording: Recording) -> Wire:
    """How the recording's provider is spoken to: as its row says, or else as anybody with its wire is.

    :raises KeyError: nobody in the table speaks this wire.
    """
    row = PROVIDERS.get(recording.provider)
    return row.wire if row is not None and row.wire.name == recording.api else WIRES[recording.api]


async def replay(
    recording: Recording, cut: Cut, request: Request | None = None, model: str = "m", sent: list[bytes] | None = None
) -> Outcome:
    """Send ``request``, or any, to a backend over a mocked transport; ``sent`` gets the body that it wrote.

    :raises KeyError: nobody in the table speaks this wire.
    """

    def answer(asked: Any) -> Any:
        if sent is not None:
            sent.append(asked.content)
        return httpx.Response(recording.status, headers=recording.headers, stream=Chunks(cut(recording.body)))

    transport = HttpxTransport(inner=httpx.MockTransport(answer))
    backend = Hosted(
        wire_of(recording), "http://recorded.example", model, provider=recording.provider, transport=transport
    )
    fold = ReplyFold()
    try:
        async for delta in backend.stream(request or Request([user("hi")], streaming=recording.streaming)):
            fold.add(delta)
        return Outcome(fold.reply())
    except BackendError as error:
        return Outcome(error, fold.partial())
    finally:
        await backend.aclose()
