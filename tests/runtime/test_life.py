"""A runtime lives once, in one event loop."""

import asyncio

import pytest

from loopbus.runtime import OtherLoop, RuntimeClosed, UsageError
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
