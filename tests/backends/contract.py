"""What every backend must hold, as a suite: subclass it and say what makes the backend."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import NamedTuple

import anyio
import anyio.lowlevel

from loopbus.backends.contract import Backend, Capabilities, Delta, Reply, Request, StopPiece
from loopbus.backends.fold import ReplyFold
from loopbus.events.content import Message, Text, user

ENDLESS = "one two three ..."


class Echo(NamedTuple):
    """A backend that answers a user's message with the message's own words, in a delta or more for each.

    Where the other side is a server, it begins to answer ``ENDLESS`` and then waits until it is left alone.
    """

    backend: Backend
    wait_idle: Callable[[], Awaitable[None]]
    """Waits until the other side sees no stream open any more, and fails if that never happens."""


def asking(words: str, *, streaming: bool = True) -> Request:
    """A request to repeat ``words``."""
    return Request([user(words)], streaming=streaming)


async def reply(backend: Backend, request: Request) -> Reply:
    """The whole reply, taken in with the loop turning between the deltas."""
    fold = ReplyFold()
    async with aclosing(backend.stream(request)) as deltas:
        async for delta in deltas:
            fold.add(delta)
            await anyio.lowlevel.checkpoint()
    return fold.reply()


class BackendContract(ABC):
    """The suite."""

    @abstractmethod
    def echoing(self) -> AbstractAsyncContextManager[Echo]:
        """The backend under test, closed in the end."""

    async def test_it_is_a_backend(self) -> None:
        """It has a name, it says what it can do, and it fits the protocol."""
        async with self.echoing() as (backend, _):
            assert isinstance(backend, Backend)
            assert backend.model
            assert isinstance(backend.capabilities, Capabilities)

    async def test_the_stop_comes_last_and_once(self) -> None:
        """Whoever has seen the stop has seen everything; a stream of several words comes in several pieces."""
        async with self.echoing() as (backend, _):
            deltas = [delta async for delta in backend.stream(asking("one two three"))]
        assert len(deltas) > 3
        assert [place for place, delta in enumerate(deltas) if isinstance(delta, StopPiece)] == [len(deltas) - 1]

    async def test_streamed_or_not_the_reply_is_the_same(self) -> None:
        """Streaming is a matter of when, not of what."""
        async with self.echoing() as (backend, _):
            streamed = await reply(backend, asking("one two three"))
            whole = await reply(backend, asking("one two three", streaming=False))
        assert streamed.content == whole.content == (Text("one two three"),)
        assert streamed.stop == whole.stop == "end"

    async def test_many_streams_at_once_do_not_mix(self) -> None:
        """Each gets its own answer, however they interleave."""
        heard: dict[str, Reply] = {}

        async def ask(backend: Backend, words: str) -> None:
            heard[words] = await reply(backend, asking(words))

        async with self.echoing() as (backend, wait_idle):
            async with anyio.create_task_group() as tasks:
                for number in range(50):
                    tasks.start_soon(ask, backend, f"number {number} speaks")
            await wait_idle()
        assert {words: answer.content for words, answer in heard.items()} == {words: (Text(words),) for words in heard}
        assert len(heard) == 50

    async def test_a_request_is_read_before_anything_is_awaited(self) -> None:
        """Its messages may be a view of a list that grows while the model is asked."""
        messages: list[Message] = [user("one two three")]
        async with self.echoing() as (backend, _), aclosing(backend.stream(Request(messages))) as deltas:
            fold = ReplyFold()
            fold.add(await anext(deltas))
            messages.append(user("something else"))
            async for delta in deltas:
                fold.add(delta)
        assert fold.reply().content == (Text("one two three"),)

    async def test_leaving_a_stream_early_frees_what_it_held(self) -> None:
        """At once, and the next stream is as good as the first."""
        async with self.echoing() as (backend, wait_idle):
            for _ in range(3):
                async with aclosing(backend.stream(asking(ENDLESS))) as deltas:
                    assert await anext(deltas)
                await wait_idle()
            assert (await reply(backend, asking("one two"))).content == (Text("one two"),)

    async def test_cancelling_a_stream_frees_what_it_held(self) -> None:
        """The cancellation passes through, and leaves nothing behind."""
        got: list[Delta] = []
        async with self.echoing() as (backend, wait_idle):
            for _ in range(3):
                with anyio.CancelScope() as scope:
                    async with aclosing(backend.stream(asking(ENDLESS))) as deltas:
                        async for delta in deltas:
                            got.append(delta)
                            scope.cancel()
                            await anyio.lowlevel.checkpoint()
                assert scope.cancelled_caught
                await wait_idle()
            assert len(got) == 3
            assert (await reply(backend, asking("one two"))).content == (Text("one two"),)

    async def test_closing_twice_is_harmless(self) -> None:
        """Whoever shares a backend need not know who closes it."""
        async with self.echoing() as (backend, _):
            await reply(backend, asking("one"))
            await backend.aclose()
            await backend.aclose()
