"""Tasks have an owner, which keeps them alive and ends them."""

import asyncio
import contextvars
import gc
import weakref

import anyio
import pytest

from loopbus.bus import CannotSpawn, TaskOwner

from .clock import Clock, turns

variable = contextvars.ContextVar("variable", default="outside")


async def hang() -> None:
    """Never end."""
    await asyncio.Event().wait()


async def test_a_spawned_task_runs_and_is_forgotten_when_it_ends(owner: TaskOwner) -> None:
    """The owner counts what goes on, and nothing else."""
    gate = anyio.Event()

    async def work() -> str:
        await gate.wait()
        return "done"

    task = owner.spawn(work(), name="worker")
    assert (len(owner), owner.tasks, task.get_name()) == (1, {task}, "worker")
    gate.set()
    assert await task == "done"
    await turns()
    assert (len(owner), owner.tasks) == (0, frozenset())


async def test_a_task_that_nobody_else_holds_survives_the_garbage_collector(owner: TaskOwner) -> None:
    """F12: the loop holds tasks weakly; the owner does not."""
    ended: list[int] = []

    async def work(number: int) -> None:
        # A future that only this task knows: together they are garbage, but for the owner.
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits.append(weakref.ref(waiting))
        await waiting
        ended.append(number)

    waits: list[weakref.ref[asyncio.Future[None]]] = []
    for number in range(10):
        owner.spawn(work(number))
    await turns()
    for _ in range(3):
        gc.collect()
        await turns(2)
    for wait in waits:
        future = wait()
        assert future is not None
        future.set_result(None)
        del future
    await turns()
    assert ended == list(range(10))


async def test_a_task_can_be_given_a_context(owner: TaskOwner) -> None:
    """What is left of a guest goes on in its own."""
    context = contextvars.copy_context()
    context.run(variable.set, "inside")

    async def read() -> str:
        return variable.get()

    assert await owner.spawn(read(), context=context) == "inside"
    assert await owner.spawn(read()) == "outside"


async def test_closing_ends_every_task(owner: TaskOwner) -> None:
    """Each is cancelled and may clean up."""
    told: list[str] = []

    async def work(name: str) -> None:
        try:
            await hang()
        finally:
            await asyncio.sleep(0)
            told.append(name)

    for name in ("a", "b"):
        owner.spawn(work(name))
    await turns()
    assert await owner.aclose(1) == frozenset()
    assert sorted(told) == ["a", "b"]
    assert len(owner) == 0


async def stubborn(gate: anyio.Event) -> None:
    """End when the gate is open, whoever cancels."""
    while not gate.is_set():
        try:
            await gate.wait()
        except asyncio.CancelledError:
            continue


async def test_closing_does_not_wait_for_ever(clock: Clock) -> None:
    """A task that will not end is named after the grace time, and stays known until it does."""
    gate, owner = anyio.Event(), TaskOwner("the test's own")
    owner.spawn(hang(), name="tame")
    task = owner.spawn(stubborn(gate), name="stubborn")
    await turns()
    closing = TaskOwner("beside").spawn(owner.aclose(3))
    await turns()
    await clock.forward(2.9)
    assert not closing.done()
    await clock.forward(0.2)
    assert await closing == {task}
    assert [each.get_name() for each in owner.tasks] == ["stubborn"]
    gate.set()
    await turns()
    assert len(owner) == 0


async def test_closing_does_not_wait_for_what_was_given_up(clock: Clock) -> None:
    """Somebody has waited for it in vain; the others have their time."""
    gate, owner = anyio.Event(), TaskOwner("the test's own")
    tame = owner.spawn(hang(), name="tame")
    task = owner.spawn(stubborn(gate), name="stubborn")
    await turns()
    assert await owner.aclose(3, [task]) == {task}
    assert tame.cancelled()
    gate.set()
    await turns()


async def test_a_task_may_close_its_own_owner(owner: TaskOwner) -> None:
    """It is not cancelled and not waited for: that would be for ever."""

    async def close() -> frozenset[object]:
        return await owner.aclose(1)

    other = owner.spawn(hang())
    assert await owner.spawn(close()) == frozenset()
    assert other.cancelled()


async def test_a_closed_owner_starts_nothing() -> None:
    """The work is refused before its first step, and said by whom."""
    owner, begun = TaskOwner("the shop"), list[int]()

    async def work() -> None:
        begun.append(1)

    await owner.aclose(1)
    await owner.aclose(1)
    with pytest.raises(CannotSpawn, match="the shop is closed"):
        owner.spawn(work())
    await turns()
    assert begun == []


def test_without_an_event_loop_nothing_is_started() -> None:
    """The error says what is missing, and the work that was given leaves no warning behind."""
    with pytest.raises(CannotSpawn, match="only where an event loop runs"):
        TaskOwner("the shop").spawn(hang())
    gc.collect()


async def test_what_a_task_raises_is_logged(owner: TaskOwner, caplog: pytest.LogCaptureFixture) -> None:
    """F108: nobody may be there to ask the task, so its failure is retrieved and told by the owner."""

    async def fail() -> None:
        raise ValueError("lost")

    owner.spawn(fail(), name="careless")
    await turns()
    gc.collect()
    (record,) = caplog.records
    assert record.getMessage() == "task careless of the test failed"
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "lost"


async def test_a_cancelled_task_is_no_failure(owner: TaskOwner, caplog: pytest.LogCaptureFixture) -> None:
    """Ending is what it was told to do."""
    task = owner.spawn(hang())
    await turns()
    task.cancel()
    await turns()
    assert task.cancelled()
    assert caplog.records == []
