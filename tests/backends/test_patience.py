"""One timer for many waits: each is bounded, and nobody else's cancellation is mistaken for it."""

import asyncio
from typing import Any

import anyio
import pytest

from loopbus.backends.patience import Patience


def soon(seconds: float = 0.01) -> float:
    """The loop time in ``seconds``."""
    return asyncio.get_running_loop().time() + seconds


async def cancelling() -> int:
    """How many cancellations the current task has to answer."""
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def test_what_is_awaited_is_handed_on() -> None:
    """A wait that ends in time gives its value; one that fails, its exception."""

    async def fail() -> None:
        raise LookupError("mine")

    patience = Patience()
    assert await patience.wait(asyncio.sleep(0, "value"), soon()) == "value"
    with pytest.raises(LookupError, match="mine"):
        await patience.wait(fail(), soon())
    patience.stop()


async def test_a_wait_that_takes_too_long_is_cancelled() -> None:
    """The work is cancelled, the caller gets a ``TimeoutError``, and its task is not left half cancelled."""
    ended = anyio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await Patience().wait(work(), soon())
    assert ended.is_set()
    assert await cancelling() == 0


async def test_each_wait_has_its_own_limit() -> None:
    """A long limit does not outlast a shorter one that follows, and a pause between waits counts for none."""
    patience = Patience()
    await patience.wait(asyncio.sleep(0), soon(600))
    await asyncio.sleep(0.02)
    with pytest.raises(TimeoutError):
        await patience.wait(asyncio.sleep(60), soon())
    assert await patience.wait(asyncio.sleep(0, "again"), soon()) == "again"
    patience.stop()


async def test_many_waits_set_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what it is for: a wait that follows another within the limit touches no timer."""
    loop = asyncio.get_running_loop()
    set_ = 0

    def call_at(when: float, *arguments: object, **options: object) -> asyncio.TimerHandle:
        nonlocal set_
        set_ += 1
        return original(when, *arguments, **options)  # pyright: ignore[reportArgumentType]

    original, patience = loop.call_at, Patience()
    monkeypatch.setattr(loop, "call_at", call_at)
    for _ in range(1000):
        await patience.wait(asyncio.sleep(0), soon(60))
    patience.stop()
    assert set_ == 1


async def test_a_timer_that_fires_early_is_set_again() -> None:
    """A wait may reach beyond the point where the timer, set for an earlier wait, looks after it."""
    patience = Patience()
    await patience.wait(asyncio.sleep(0), soon(0.01))
    assert await patience.wait(asyncio.sleep(0.02, "value"), soon(60)) == "value"
    with pytest.raises(TimeoutError):
        await patience.wait(asyncio.sleep(60), soon(0.03))


async def test_a_timer_that_fires_between_waits_cancels_nobody() -> None:
    """The reader may pause beyond every limit."""
    patience = Patience()
    await patience.wait(asyncio.sleep(0), soon(0.005))
    await asyncio.sleep(0.02)
    assert await cancelling() == 0


async def test_a_cancellation_from_outside_stays_one() -> None:
    """``CancelledError`` reaches the caller when somebody cancelled it, and only then."""
    patience = Patience()
    with anyio.move_on_after(0.01) as scope:
        await patience.wait(asyncio.sleep(60), soon(60))
    assert scope.cancelled_caught
    patience.stop()


async def test_a_deadline_of_the_callers_own_keeps_its_type() -> None:
    """``asyncio.timeout`` around a wait works as it does around anything else."""
    patience = Patience()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await patience.wait(asyncio.sleep(60), soon(60))
    assert await cancelling() == 0
    patience.stop()


async def test_a_cancellation_from_outside_is_not_lost_to_a_limit_reached_with_it() -> None:
    """If both happen before the task runs again, the caller's wish is the one that counts."""
    loop, outcome = asyncio.get_running_loop(), list[str]()

    async def wait() -> None:
        try:
            await Patience().wait(asyncio.sleep(60), until)
        except (TimeoutError, asyncio.CancelledError) as exc:
            outcome.append(f"{type(exc).__name__} {await cancelling()}")

    async with asyncio.TaskGroup() as group:
        until = soon()
        task = group.create_task(wait())
        await asyncio.sleep(0)
        loop.call_at(until + 0.001, task.cancel)
        while loop.time() < until + 0.002:
            pass
    assert outcome == ["CancelledError 1"]


async def test_a_timer_that_looks_early_is_set_once_for_many_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long limit first and shorter ones after it, as in every exchange: no wait has to set the timer again."""
    loop, set_at = asyncio.get_running_loop(), list[float]()
    call_at = loop.call_at

    def count(when: float, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        set_at.append(when)
        return call_at(when, *arguments, **options)

    monkeypatch.setattr(loop, "call_at", count)
    patience = Patience(look_s=60)
    await patience.wait(asyncio.sleep(0), soon(600))
    for _ in range(3):
        await patience.wait(asyncio.sleep(0), soon(60))
    assert len(set_at) == 1
    patience.stop()


async def test_a_look_that_comes_early_ends_nothing() -> None:
    """The wait goes on until its own limit, and then it ends."""
    patience = Patience(look_s=0.005)
    assert await patience.wait(asyncio.sleep(0.02, "value"), soon(600)) == "value"
    with pytest.raises(TimeoutError):
        await patience.wait(asyncio.sleep(60), soon(0.02))
    patience.stop()
