"""Waiting for a guest, but no longer than it may take."""

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from loopbus.bus import TaskOwner
from loopbus.bus.deadline import DeadlinePassed, wait_guest
from loopbus.bus.guest import Watch

from .clock import Clock, cancelling, turns

variable = contextvars.ContextVar[object]("variable", default=None)


class Outcome:
    """How a wait with a deadline ended, and what it left of its task."""

    def __init__(self, work: Coroutine[Any, Any, Any], deadline_s: float = 5, grace_s: float = 1) -> None:
        self.value: object = None
        self.error: BaseException | None = None
        self.cancelling = -1
        self._work, self._deadline_s, self._grace_s = work, deadline_s, grace_s

    async def wait(self) -> None:
        try:
            self.value = await wait_guest(self._work, "guest", Watch(), self._deadline_s, self._grace_s)
        except (DeadlinePassed, ValueError) as error:
            self.error = error
        self.cancelling = cancelling()
        # Whatever timers were left would strike here.
        await turns()


async def test_a_guest_that_ends_in_time_is_not_touched(clock: Clock, owner: TaskOwner) -> None:
    """Its value is the host's, and the deadline strikes nobody later."""
    outcome = Outcome(asyncio.sleep(0, "value"))
    await outcome.wait()
    await clock.forward(60)
    assert (outcome.value, outcome.error, outcome.cancelling) == ("value", None, 0)


async def test_a_guest_that_has_gone_is_forgotten_before_its_deadline(owner: TaskOwner) -> None:
    """Law 8: what it knew is not kept until its time would have been up."""

    class Known:
        """Something that the guest could have seen."""

    known = Known()
    living = weakref.ref(known)
    token = variable.set(known)
    await wait_guest(asyncio.sleep(0), "guest", Watch(), 3600, 3600)
    variable.reset(token)
    del known, token
    gc.collect()
    assert living() is None


async def test_at_the_deadline_the_guest_is_cancelled(clock: Clock, owner: TaskOwner) -> None:
    """It cleans up in place, the host learns that the time was up, and its task is as it was before."""
    told: list[str] = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("clean")

    outcome = Outcome(cleans_up())
    waiting = owner.spawn(outcome.wait())
    await turns()
    await clock.forward(4.9)
    assert not waiting.done()
    await clock.forward(0.2)
    await waiting
    assert isinstance(outcome.error, DeadlinePassed)
    assert outcome.error.rest is None
    assert told == ["clean"]
    assert outcome.cancelling == 0


async def test_a_guest_that_swallows_the_deadline_is_abandoned_after_the_grace(clock: Clock, owner: TaskOwner) -> None:
    """The host goes on; what is left is handed over, and can be run to its end."""
    gate = anyio.Event()

    async def stubborn() -> str:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    outcome = Outcome(stubborn())
    waiting = owner.spawn(outcome.wait())
    await turns()
    await clock.forward(5.5)
    assert not waiting.done()
    await clock.forward(1)
    await waiting
    assert isinstance(outcome.error, DeadlinePassed)
    assert outcome.error.rest is not None
    assert outcome.cancelling == 0
    rest = owner.spawn(outcome.error.rest, context=outcome.error.context)
    gate.set()
    assert await rest == "late"


@pytest.mark.parametrize("scope", [asyncio.timeout, anyio.move_on_after])
async def test_what_an_abandoned_guest_has_opened_strikes_nobody_else(
    clock: Clock, owner: TaskOwner, scope: Callable[[float], Any]
) -> None:
    """Law 4: a time-out inside it goes off much later, and would cancel the task that it was opened in."""
    gate, told = anyio.Event(), list[str]()

    async def stubborn() -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                told.append("cancelled")

    async def opens() -> None:
        limit = scope(20)
        if hasattr(limit, "__aenter__"):
            async with limit:
                await stubborn()
        else:
            with limit:
                await stubborn()

    outcome = Outcome(opens())

    async def hosting() -> str:
        await outcome.wait()
        await clock_struck.wait()
        return "alive"

    clock_struck = anyio.Event()
    waiting = owner.spawn(hosting())
    await turns()
    await clock.forward(5.1)
    await clock.forward(1)
    assert isinstance(outcome.error, DeadlinePassed)
    assert outcome.error.rest is not None
    rest = owner.spawn(outcome.error.rest, context=outcome.error.context)
    before = len(told)
    await clock.forward(20)
    assert len(told) > before
    clock_struck.set()
    assert await waiting == "alive"
    gate.set()
    await asyncio.wait({rest})


async def test_what_is_left_of_a_guest_can_be_ended(clock: Clock, owner: TaskOwner) -> None:
    """Whoever owns the rest cancels it like any task; what it raises is the rest's."""
    told: list[str] = []

    async def slow() -> None:
        for _ in range(2):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as cancelled:
                told.append(str(cancelled))
        await asyncio.Event().wait()

    outcome = Outcome(slow())
    waiting = owner.spawn(outcome.wait())
    await turns()
    await clock.forward(5.1)
    await clock.forward(1)
    await waiting
    assert isinstance(outcome.error, DeadlinePassed)
    assert outcome.error.rest is not None
    rest = owner.spawn(outcome.error.rest)
    await turns()
    assert told == ["guest passed its deadline", "guest was left behind"]
    rest.cancel()
    await asyncio.wait({rest})
    assert rest.cancelled()


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError("mine"), RecursionError()])
async def test_whatever_the_guest_raises_reaches_its_host_and_no_further(
    error: BaseException, clock: Clock, owner: TaskOwner
) -> None:
    """The guest's own task does not stop the event loop; before the deadline nothing is taken for it."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as caught:
        await wait_guest(fail(), "guest", Watch(), 5, 1)
    assert caught.value is error
    assert cancelling() == 0


async def test_a_guest_that_cancels_its_own_task_cancels_nobody_else(clock: Clock) -> None:
    """It has one to itself."""

    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        await wait_guest(cancels_itself(), "guest", Watch(), 5, 1)
    assert cancelling() == 0
    await turns()


async def test_the_guest_sees_the_callers_context_and_keeps_its_own(clock: Clock) -> None:
    """F41: what it sets does not leak."""

    async def read_and_set() -> object:
        seen = variable.get()
        variable.set("inside")
        return seen

    variable.set("caller")
    assert await wait_guest(read_and_set(), "guest", Watch(), 5, 1) == "caller"
    assert variable.get() == "caller"


async def test_the_watch_names_the_guest_while_it_has_the_loop(clock: Clock) -> None:
    """As without a deadline."""
    watch = Watch()

    async def look() -> str | None:
        await asyncio.sleep(0)
        return watch.on_stage

    assert await wait_guest(look(), "guest", watch, 5, 1) == "guest"
    assert watch.on_stage is None


async def test_an_answer_to_a_cancellation_from_outside_counts(clock: Clock, owner: TaskOwner) -> None:
    """As in a task of the caller's own: it returns in spite of it, and the caller goes on."""

    async def answers() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            return str(cancelled)
        return "never"

    outcome = Outcome(answers())
    waiting = owner.spawn(outcome.wait())
    await turns()
    waiting.cancel("user left")
    await waiting
    assert (outcome.value, outcome.cancelling) == ("user left", 0)


async def test_a_caller_that_is_cancelled_waits_until_the_guest_has_cleaned_up(clock: Clock, owner: TaskOwner) -> None:
    """However often it is cancelled, the guest is not left behind without an owner."""
    gate, told = anyio.Event(), list[str]()

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            while not gate.is_set():
                try:
                    await gate.wait()
                except asyncio.CancelledError:
                    told.append("again")
            told.append("clean")

    outcome = Outcome(cleans_up())
    waiting = owner.spawn(outcome.wait())
    await turns()
    for _ in range(3):
        waiting.cancel()
        await turns()
    assert not waiting.done()
    gate.set()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert told == ["again", "again", "clean"]


async def test_a_guest_without_any_time_never_begins(clock: Clock) -> None:
    """Its coroutine is closed, so nothing warns of one that was never awaited."""
    begun: list[int] = []

    async def begins() -> None:
        begun.append(1)

    with pytest.raises(DeadlinePassed):
        await wait_guest(begins(), "guest", Watch(), 0, 1)
    gc.collect()
    assert begun == []


async def test_a_cancellation_that_comes_as_the_guest_ends_is_not_lost(clock: Clock, owner: TaskOwner) -> None:
    """The guest's value is the caller's, and the cancellation strikes where the caller waits next."""
    told: list[object] = []

    async def ends() -> str:
        asyncio.get_running_loop().call_soon(waiting.cancel, "user left")
        return "value"

    async def hosting() -> None:
        told.append(await wait_guest(ends(), "guest", Watch(), 5, 1))
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as cancelled:
            told.append(str(cancelled))
            raise

    waiting = owner.spawn(hosting())
    await asyncio.wait({waiting})
    assert told == ["value", "user left"]
    assert waiting.cancelled()
    assert waiting.cancelling() == 1


async def test_an_answer_to_the_deadline_counts(clock: Clock, owner: TaskOwner) -> None:
    """A guest that catches its cancellation and returns something in time has returned it."""

    async def answers() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "what I have"
        return "never"

    outcome = Outcome(answers())
    waiting = owner.spawn(outcome.wait())
    await turns()
    await clock.forward(5.1)
    await waiting
    assert (outcome.value, outcome.cancelling) == ("what I have", 0)


async def test_a_failure_on_the_way_out_is_the_guests_own(clock: Clock, owner: TaskOwner) -> None:
    """What it raises instead of ending cancelled is what the host gets."""

    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("while cleaning up") from None

    outcome = Outcome(fails())
    waiting = owner.spawn(outcome.wait())
    await turns()
    await clock.forward(5.1)
    await waiting
    assert str(outcome.error) == "while cleaning up"
    assert outcome.cancelling == 0


@pytest.mark.parametrize("also_late", [False, True])
async def test_a_cancellation_from_outside_is_not_mistaken_for_the_deadline(
    clock: Clock, owner: TaskOwner, also_late: bool
) -> None:
    """The caller's own cancellation reaches the caller, also when the deadline strikes in the same turn."""
    outcome = Outcome(asyncio.sleep(1000), deadline_s=5)
    waiting = owner.spawn(outcome.wait())
    await turns()
    waiting.cancel()
    if also_late:
        await clock.forward(5.1)
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert waiting.cancelling() == 1


async def test_a_host_that_was_cancelled_before_can_still_wait(clock: Clock, owner: TaskOwner) -> None:
    """In a task that has answered a cancellation already, the deadline is told apart by its own count."""
    outcome = Outcome(asyncio.sleep(1000))

    async def cleaning_up() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            await outcome.wait()

    waiting = owner.spawn(cleaning_up())
    await turns()
    waiting.cancel()
    await turns()
    await clock.forward(5.1)
    await waiting
    assert isinstance(outcome.error, DeadlinePassed)


async def test_what_one_guest_left_behind_does_not_confuse_the_next_deadline(clock: Clock, owner: TaskOwner) -> None:
    """A failing task group of Python 3.11 leaves its task cancelled; the host takes that back."""

    async def fails() -> None:
        async def fail() -> None:
            raise ValueError("child")

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        except ExceptionGroup:
            pass

    outcome = Outcome(asyncio.sleep(1000))

    async def hosting() -> None:
        await wait_guest(fails(), "guest", Watch(), 5, 1)
        await outcome.wait()

    waiting = owner.spawn(hosting())
    await turns()
    await clock.forward(5.1)
    await waiting
    assert isinstance(outcome.error, DeadlinePassed)
    assert outcome.cancelling == 0


async def test_scopes_of_the_host_around_a_deadline_work(clock: Clock, owner: TaskOwner) -> None:
    """F48: the caller's own, shorter time limit is the one that ends the wait, with its own type."""

    async def impatient() -> str:
        try:
            async with asyncio.timeout(1):
                await wait_guest(asyncio.sleep(1000), "guest", Watch(), 5, 1)
        except TimeoutError:
            return f"mine, {cancelling()}"
        return "never"

    waiting = owner.spawn(impatient())
    await turns()
    await clock.forward(1.1)
    assert await waiting == "mine, 0"
