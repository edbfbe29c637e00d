"""A guest: somebody else's coroutine inside our own task."""

import asyncio
import contextvars
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from loopbus.bus import TaskOwner
from loopbus.bus.guest import Guest, Watch

from .clock import Clock, cancelling, turns

variable = contextvars.ContextVar("variable", default="outside")


async def host(work: Coroutine[Any, Any, Any], watch: Watch | None = None) -> Any:
    """Have the running task host ``work``."""
    return await Guest("a guest", watch or Watch()).host(work)


async def test_the_host_gets_what_the_guest_returns() -> None:
    """Whether it waits for anything or not."""

    async def add(one: int, other: int, waits: int) -> int:
        for _ in range(waits):
            await asyncio.sleep(0)
        return one + other

    assert await host(add(1, 2, waits=0)) == 3
    assert await host(add(3, 4, waits=3)) == 7


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("error", [ValueError("mine"), SystemExit(3), asyncio.CancelledError("mine")])
async def test_whatever_the_guest_raises_reaches_its_host_and_no_further(error: BaseException, waits: bool) -> None:
    """Even ``SystemExit``, which would end the process if it left a task, is an exception like any other here."""

    async def fail() -> None:
        if waits:
            await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as caught:
        await host(fail())
    assert caught.value is error
    assert cancelling() == 0


async def test_sys_exit_after_a_wait_is_contained() -> None:
    """A task of its own could not contain it: the event loop would stop."""

    async def leave() -> None:
        await asyncio.sleep(0)
        sys.exit(3)

    with pytest.raises(SystemExit):
        await host(leave())
    await asyncio.sleep(0)


async def test_the_guest_sees_the_callers_context_and_keeps_its_own() -> None:
    """F41: it reads what the caller set; what it sets stays between its own steps and does not leak."""

    async def read_and_set() -> list[str]:
        seen = [variable.get()]
        variable.set("inside")
        await asyncio.sleep(0)
        seen.append(variable.get())
        return seen

    variable.set("caller")
    assert await host(read_and_set()) == ["caller", "inside"]
    assert variable.get() == "caller"


async def test_two_guests_do_not_see_each_other() -> None:
    """Each stay has a copy of its own."""

    async def set_and_read(value: str) -> str:
        before = variable.get()
        variable.set(value)
        return before

    assert [await host(set_and_read(value)) for value in ("one", "two")] == ["outside", "outside"]


async def test_a_cancellation_from_outside_reaches_the_guest(owner: TaskOwner) -> None:
    """It passes through: the guest can clean up, and the host ends cancelled."""
    told: list[str] = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("clean")

    task = owner.spawn(host(cleans_up()))
    await turns()
    task.cancel("from outside")
    await asyncio.wait({task})
    assert task.cancelled()
    assert told == ["clean"]


async def test_a_guest_may_answer_a_cancellation(owner: TaskOwner) -> None:
    """As in a task of its own: what it returns in spite of it counts."""

    async def answers() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "answered"
        return "never"

    task = owner.spawn(host(answers()))
    await turns()
    task.cancel()
    assert await task == "answered"


LIMITS: list[Callable[[float], Any]] = [asyncio.timeout, anyio.fail_after]


@pytest.mark.parametrize("limit", LIMITS)
async def test_time_limits_inside_a_guest_work(owner: TaskOwner, clock: Clock, limit: Callable[[float], Any]) -> None:
    """A scope that the guest opens ends its own wait, and leaves the host's task clean."""

    async def limited() -> str:
        scope = limit(1)
        try:
            if hasattr(scope, "__aenter__"):
                async with scope:
                    await asyncio.Event().wait()
            else:
                with scope:
                    await asyncio.Event().wait()
        except TimeoutError:
            await asyncio.sleep(0)
            return "timed out"
        return "never"

    async def hosting() -> tuple[str, int]:
        return await host(limited()), cancelling()

    task = owner.spawn(hosting())
    await turns()
    await clock.forward(2)
    assert await task == ("timed out", 0)


async def test_task_groups_inside_a_guest_work() -> None:
    """Children run beside it, and a failing one ends the others."""

    async def parent() -> list[int]:
        done: list[int] = []

        async def child(number: int) -> None:
            await asyncio.sleep(0)
            done.append(number)

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(child, number)
        return done

    async def failing() -> None:
        async def fail() -> None:
            raise ValueError("child")

        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(asyncio.Event().wait())

    assert await host(parent()) == [0, 1, 2]
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        await host(failing())
    assert cancelling() == 0


async def test_a_guest_may_have_a_guest() -> None:
    """Hosting is only awaiting, so it nests."""

    async def outer() -> str:
        return await host(asyncio.sleep(0, "inner"))

    assert await host(outer()) == "inner"


@pytest.mark.parametrize("then", ["ends cancelled", "goes on", "returns at once"])
async def test_a_guest_that_cancels_its_own_task_cancels_nobody_else(then: str) -> None:
    """The task is the host's: it is as it was before, and nothing strikes it later."""

    async def cancels_itself() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        if then != "returns at once":
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                if then == "ends cancelled":
                    raise
        return then

    if then == "ends cancelled":
        with pytest.raises(asyncio.CancelledError):
            await host(cancels_itself())
    else:
        assert await host(cancels_itself()) == then
    assert cancelling() == 0
    await turns()


async def test_a_cancellation_from_outside_is_not_taken_for_what_the_guest_left(owner: TaskOwner) -> None:
    """It comes in the very turn in which the host takes back what the guest has done to its task."""

    async def leaves_a_mess() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        asyncio.get_running_loop().call_soon(task.cancel, "from outside")

    hosting = owner.spawn(host(leaves_a_mess()))
    await asyncio.wait({hosting})
    assert hosting.cancelled()
    assert hosting.cancelling() == 1


async def test_the_guest_runs_in_the_hosts_task() -> None:
    """It costs none, so what asks for the current task gets the host's."""

    async def which() -> object:
        await asyncio.sleep(0)
        return asyncio.current_task()

    assert await host(which()) is asyncio.current_task()


async def test_the_watch_names_the_guest_while_it_has_the_loop() -> None:
    """From each of its steps' beginning to its end, and not while it waits."""
    watch, seen = Watch(), list[str | None]()

    async def look() -> None:
        seen.append(watch.on_stage)
        asyncio.get_running_loop().call_soon(lambda: seen.append(watch.on_stage))
        await asyncio.sleep(0)
        seen.append(watch.on_stage)

    await host(look(), watch)
    assert seen == ["a guest", None, "a guest"]
    assert watch.on_stage is None


async def test_closing_the_host_closes_the_guest() -> None:
    """A host that is thrown away gives its guest the chance to clean up."""
    told: list[str] = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("clean")

    hosting = host(cleans_up())
    hosting.send(None)
    hosting.close()
    gc.collect()
    assert told == ["clean"]
