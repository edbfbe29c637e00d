"""A runtime lives once, in one event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from loopbus import Agent, Runtime
from loopbus.backends import Scripted
from loopbus.runtime import NoLoop, OtherLoop, RuntimeClosed, UsageError
from loopbus.runtime.life import Life


async def test_a_life_begins_once_and_ends_once() -> None:
    """Before and after it, nothing can be done, and the words say which of the two it is."""
    life = Life()
    with pytest.raises(RuntimeClosed, match="not open yet"):
        life.check()
    life.begin()
    life.check()
    with pytest.raises(UsageError, match="opened before"):
        life.begin()
    assert life.end()
    assert not life.end()
    with pytest.raises(RuntimeClosed, match="is closed"):
        life.check()


async def test_another_event_loop_is_refused() -> None:
    """Nothing there would ever be woken."""
    life = Life()
    life.begin()

    async def elsewhere() -> None:
        with pytest.raises(OtherLoop, match="run_coroutine_threadsafe"):
            life.check()

    await asyncio.to_thread(asyncio.run, elsewhere())


@pytest.mark.parametrize("work", [lambda: Agent(Scripted(["hello"])).run("?"), Runtime().open])
def test_where_no_event_loop_of_asyncio_runs_the_error_says_what_to_begin_with(
    work: Callable[[], Coroutine[Any, Any, object]],
) -> None:
    """As under trio, which steps a coroutine itself."""
    with pytest.raises(NoLoop, match=r"asyncio\.run\(\.\.\.\).*does not run on trio.*run_sync"):
        work().send(None)


async def test_a_runtime_shows_where_it_is_in_its_life() -> None:
    """And how much goes on in it."""
    runtime = Runtime()
    assert repr(runtime) == "<Runtime not open yet, 0 live runs>"
    async with runtime:
        assert repr(runtime) == "<Runtime open, 0 live runs>"
    assert repr(runtime) == "<Runtime closed, 0 live runs>"
