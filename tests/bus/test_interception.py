"""Policies: asked in order, within a deadline, before an event becomes a fact."""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import anyio
import pytest

from loopbus.bus import (
    Ask,
    BadOption,
    Bus,
    Event,
    NotInterceptable,
    Policy,
    Recorder,
    SubscriberFailed,
    TaskOwner,
    Veto,
)
from loopbus.bus.guest import Watch
from loopbus.bus.interception import Ruling, intercept, wants_state

from .clock import Clock, cancelling, turns
from .shop import Ordered, Paid, Refused, Rushed

NO, MAYBE = Veto("too many"), Ask("finance")


async def judged(bus: Bus, event: Ordered, state: object = None) -> tuple[Ordered, Ruling | None]:
    """What the policies make of an event."""
    return await intercept(bus.routes(type(event)).policies, event, state, Watch(), bus.policy_failed)


async def hang(event: Event) -> Event:
    """Never answer."""
    return await asyncio.Event().wait() and event


def answers(answer: object) -> Callable[[Event], Any]:
    """A policy that always says the same."""

    async def judge(event: Event) -> object:
        return answer

    return judge


def changes(**fields: object) -> Callable[[Ordered], Ordered]:
    """A policy that puts other values in some fields, unchecked."""
    return lambda event: event.model_copy(update=fields)


async def test_without_a_policy_the_event_passes(bus: Bus) -> None:
    """Nobody is asked, and the very event comes back."""
    order = Ordered()
    event, verdict = await judged(bus, order)
    assert event is order
    assert verdict is None


@pytest.mark.parametrize("verdict", [NO, MAYBE])
async def test_a_policy_refuses_or_asks(bus: Bus, verdict: Veto | Ask) -> None:
    """Its answer stands beside the event as it was."""
    bus.intercept(Ordered, answers(verdict))
    order = Ordered()
    assert await judged(bus, order) == (order, verdict)


async def test_policies_are_asked_by_their_order_and_each_sees_what_the_last_one_said(bus: Bus) -> None:
    """Smaller numbers first, equal ones as they were registered."""

    def signs(name: str) -> Callable[[Ordered], Ordered]:
        return lambda event: event.model_copy(update={"note": event.note + name})

    bus.intercept(Ordered, signs("c"), order=1)
    bus.intercept(Ordered, signs("b"))
    bus.intercept(Ordered, signs("a"), order=-1)
    bus.intercept(Ordered, signs("d"), order=1)
    event, verdict = await judged(bus, Ordered())
    assert event.note == "abcd"
    assert verdict is None


async def test_a_veto_beats_a_question_and_ends_the_asking(bus: Bus) -> None:
    """A question asked before does not save the event, and who comes after a veto is not asked."""
    asked: list[Ordered] = []

    def late(event: Ordered) -> Ordered:
        asked.append(event)
        return event

    bus.intercept(Ordered, answers(MAYBE), order=1)
    bus.intercept(Ordered, answers(NO), order=2)
    bus.intercept(Ordered, late, order=3)
    _, verdict = await judged(bus, Ordered())
    assert verdict == NO
    assert asked == []


async def test_the_first_question_counts_and_later_policies_still_change(bus: Bus) -> None:
    """One person is asked, about the event as all policies left it."""
    bus.intercept(Ordered, answers(MAYBE), order=1)
    bus.intercept(Ordered, answers(Ask("legal")), order=2)
    bus.intercept(Ordered, changes(pieces=9), order=3)
    event, verdict = await judged(bus, Ordered())
    assert event.pieces == 9
    assert verdict == MAYBE


async def test_a_policy_hears_what_it_selected(bus: Bus) -> None:
    """Subclasses too, and conditions hold for the event as the policies before have left it."""
    bus.intercept(Ordered, changes(pieces=2), order=1)
    bus.intercept(Ordered.where(pieces=1), answers(NO), order=2)
    bus.intercept(Ordered.where(pieces=2), answers(MAYBE), order=3)
    _, verdict = await judged(bus, Rushed(pieces=1))
    assert verdict == MAYBE


async def test_a_detached_policy_is_not_asked(bus: Bus) -> None:
    """Detaching twice is harmless."""
    policy = bus.intercept(Ordered, answers(NO))
    assert bus.has_policies
    bus.detach(policy)
    bus.detach(policy)
    assert not bus.has_policies
    assert (await judged(bus, Ordered()))[1] is None


async def test_a_policy_may_see_the_state(bus: Bus) -> None:
    """With a second parameter that has no default it is handed what is known of the run."""

    def limit(event: Ordered, state: dict[str, int]) -> Ordered | Veto:
        return NO if event.pieces > state["stock"] else event

    bus.intercept(Ordered, limit)
    assert (await judged(bus, Ordered(pieces=3), {"stock": 2}))[1] == NO
    assert (await judged(bus, Ordered(pieces=3), {"stock": 3}))[1] is None


async def one(event: Ordered) -> Ordered:
    """A policy with one parameter."""
    return event


async def two(event: Ordered, state: object) -> Ordered:
    """A policy with two."""
    return event


async def with_default(event: Ordered, most: int = 3, *, strict: bool = True, **rest: object) -> Ordered:
    """A policy with settings."""
    return event


class Judge:
    """A policy as an object."""

    def __call__(self, event: Ordered, state: object) -> Ordered:
        return event


@pytest.mark.parametrize(
    ("judge", "wants"),
    [
        (one, False),
        (two, True),
        (with_default, False),
        (partial(two, state=None), False),
        (partial(with_default, most=4), False),
        (Judge(), True),
        (Judge().__call__, True),
        (dict, False),
    ],
)
def test_settings_of_a_policy_are_not_taken_for_the_state(judge: Any, wants: bool) -> None:
    """Only a further positional parameter without a default is the state's."""
    assert wants_state(judge) is wants


async def broken(event: Event) -> Event:
    """Fail."""
    raise ValueError("no idea")


def broken_at_once(event: Event) -> Event:
    """Fail without waiting for anything."""
    raise ValueError("no idea")


async def leaves(event: Event) -> Event:
    """Try to end the process."""
    sys.exit(3)


async def cancels_itself(event: Event) -> Event:
    """Raise what only the owner of the task may."""
    await asyncio.sleep(0)
    raise asyncio.CancelledError


async def cancels_the_asker(event: Event) -> Event:
    """Cancel the task that it is asked in."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
    return event


FAULTS: dict[str, tuple[Callable[..., Any], str]] = {
    "raises": (broken, "raised ValueError: no idea"),
    "raises at once": (broken_at_once, "raised ValueError: no idea"),
    "exits": (leaves, "raised SystemExit: 3"),
    "cancels": (cancels_itself, "raised CancelledError"),
    "cancels its task": (cancels_the_asker, "raised CancelledError"),
    "forgets to answer": (
        answers(None),
        "answered None; it must answer the Ordered, a changed one, Veto, Ask or Instead",
    ),
    "answers yes": (answers(True), "answered True"),
    "answers a class": (answers(Veto), "answered <class"),
    "answers another event": (answers(Paid()), "answered Paid("),
    "answers a subclass": (answers(Rushed()), "answered Rushed("),
    "moves the event": (
        changes(seq=5, pieces=2),
        "changed seq; of a Ordered a policy may change note, pieces",
    ),
    "changes it into nonsense": (
        changes(pieces="many"),
        "changed pieces to what it cannot be: Input should be a valid integer",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("on_error", ["deny", "allow"])
async def test_a_policy_that_fails_counts_as_declared(
    bus: Bus, recorder: Recorder, fault: str, on_error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Fail-closed refuses and says why; fail-open goes on with the event as it was; both are published and logged."""
    judge, words = FAULTS[fault]
    bus.intercept(Ordered, judge, name="clerk", on_error=on_error)
    order = Ordered(pieces=7)
    event, verdict = await judged(bus, order)
    await turns()
    assert event is order
    if on_error == "allow":
        assert verdict is None
    else:
        assert isinstance(verdict, Veto)
        assert verdict.reason.startswith(f"policy clerk {words}")
    (failed,) = recorder.of(SubscriberFailed)
    assert (failed.subscriber, failed.heard, failed.detached) == ("clerk", "Ordered", False)
    assert failed.error.startswith(words)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert cancelling() == 0


async def test_a_failing_policy_is_told_of_once_and_counts_each_time(
    bus: Bus, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Every event is refused; the complaint is not repeated."""
    bus.intercept(Ordered, broken)
    assert [(await judged(bus, Ordered()))[1] is not None for _ in range(3)] == [True] * 3
    await turns()
    assert len(recorder.of(SubscriberFailed)) == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize("on_error", ["deny", "allow"])
async def test_a_policy_that_passes_its_deadline_is_cancelled(
    bus: Bus, recorder: Recorder, owner: TaskOwner, clock: Clock, on_error: Any
) -> None:
    """It can clean up, and its time-out counts like a failure; the asker's task is as it was."""
    told: list[str] = []

    async def slow(event: Ordered) -> Ordered:
        try:
            return cast(Ordered, await hang(event))
        finally:
            await asyncio.sleep(0)
            told.append("clean")

    async def asking() -> tuple[object, int]:
        return (await judged(bus, Ordered()))[1], cancelling()

    bus.intercept(Ordered, slow, name="slow", deadline_s=2, on_error=on_error)
    asked = owner.spawn(asking())
    await turns()
    await clock.forward(1.9)
    assert not asked.done()
    await clock.forward(0.2)
    verdict, left = await asked
    assert verdict == (Veto("policy slow passed its deadline of 2 s") if on_error == "deny" else None)
    assert told == ["clean"]
    assert left == 0
    await turns()
    assert [failed.error for failed in recorder.of(SubscriberFailed)] == ["passed its deadline of 2 s"]


async def test_a_policy_that_will_not_end_is_left_to_the_owner_of_the_tasks(
    bus: Bus, owner: TaskOwner, clock: Clock
) -> None:
    """It swallows its cancellation: the event is decided without it, and what is left of it is nobody's stray."""
    gate = anyio.Event()

    async def stubborn(event: Ordered) -> Ordered:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        return event

    bus.intercept(Ordered, stubborn, name="stubborn", deadline_s=2)
    asked = owner.spawn(judged(bus, Ordered()))
    await turns()
    await clock.forward(2.1)
    assert not asked.done()
    await clock.forward(1)
    assert (await asked)[1] == Veto("policy stubborn passed its deadline of 2 s")
    assert [task.get_name() for task in owner.tasks] == ["policy stubborn"]
    gate.set()
    await turns()
    assert len(owner) == 0


async def test_cancelling_the_asker_is_no_failure_of_the_policy(bus: Bus, recorder: Recorder, owner: TaskOwner) -> None:
    """The cancellation passes through the policy, which can clean up, and out again."""
    told: list[str] = []

    async def waits(event: Ordered) -> Ordered:
        try:
            return cast(Ordered, await hang(event))
        finally:
            told.append("clean")

    bus.intercept(Ordered, waits)
    asked = owner.spawn(judged(bus, Ordered()))
    await turns()
    asked.cancel()
    await asyncio.wait({asked})
    assert asked.cancelled()
    assert told == ["clean"]
    assert recorder.of(SubscriberFailed) == []


async def test_ctrl_c_in_a_policy_is_for_the_whole_program(bus: Bus) -> None:
    """``KeyboardInterrupt`` is the user's."""

    def interrupted(event: Ordered) -> Ordered:
        raise KeyboardInterrupt

    bus.intercept(Ordered, interrupted)
    with pytest.raises(KeyboardInterrupt):
        await judged(bus, Ordered())


async def test_an_answer_may_come_as_any_awaitable(bus: Bus) -> None:
    """Futures and objects with ``__await__`` are waited for like coroutines."""
    future: asyncio.Future[Veto] = asyncio.get_running_loop().create_future()
    future.set_result(NO)

    def promises(event: Ordered) -> asyncio.Future[Veto]:
        return future

    bus.intercept(Ordered, promises)
    assert (await judged(bus, Ordered()))[1] == NO


async def test_the_watch_names_the_policy_that_has_the_loop(bus: Bus) -> None:
    """A plain function that computes for long is named like a coroutine."""
    watch, seen = Watch(), list[str | None]()

    def look(event: Ordered) -> Ordered:
        seen.append(watch.on_stage)
        return event

    async def look_later(event: Ordered) -> Ordered:
        await asyncio.sleep(0)
        return look(event)

    bus.intercept(Ordered, look_later, name="later")
    bus.intercept(Ordered, look, name="at once")
    await intercept(bus.routes(Ordered).policies, Ordered(), None, watch, bus.policy_failed)
    assert seen == ["later", "at once"]
    assert watch.on_stage is None


async def test_a_changed_answer_is_an_event_like_any_other(bus: Bus) -> None:
    """What a policy put in is checked and brought into the field's own type."""
    bus.intercept(Ordered, changes(pieces="12"))
    event, _ = await judged(bus, Ordered())
    assert event == Ordered(pieces=12)


async def test_an_equal_copy_is_no_change(bus: Bus) -> None:
    """A policy may answer a copy: what counts is what is different."""

    def copies(event: Ordered) -> Ordered:
        return event.model_copy(deep=True)

    bus.intercept(Ordered, copies)
    order = Ordered(run_id="run", seq=3)
    event, verdict = await judged(bus, order)
    assert event == order
    assert verdict is None


@pytest.mark.parametrize("what", [Paid, Refused, Event, (Ordered, Paid), Paid.where(cents=3)])
def test_a_fact_cannot_be_intercepted(bus: Bus, what: Any) -> None:
    """Where nothing may be changed and nothing refused, the subscription says so, naming the class."""
    with pytest.raises(NotInterceptable, match=r"(Paid|Refused|Event) states what has happened"):
        bus.intercept(what, answers(NO))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deadline_s": 0}, "deadline_s=0 must be a number above 0"),
        ({"deadline_s": None}, "deadline_s=None"),
        ({"deadline_s": float("nan")}, "deadline_s=nan"),
        ({"on_error": "denies"}, "on_error='denies' is none of deny, allow"),
        ({"order": "first"}, "order='first' must be a number"),
        ({"order": float("nan")}, "order=nan must be a number"),
    ],
)
def test_a_slip_in_the_options_is_found_at_once(bus: Bus, options: dict[str, Any], words: str) -> None:
    """The option is named, and nothing is subscribed."""
    with pytest.raises(BadOption, match=words):
        bus.intercept(Ordered, one, **options)
    assert not bus.has_policies


def of_nothing() -> Veto:
    """A policy that could never be asked."""
    return NO


def of_too_much(event: Event, state: object, more: object) -> Veto:
    """Another one."""
    return NO


@pytest.mark.parametrize("judge", [NO, of_nothing, of_too_much])
def test_a_policy_can_be_called(bus: Bus, judge: Any) -> None:
    """With an event, or with the run's state too. Anything else is refused where it is given."""
    with pytest.raises(BadOption, match="cannot be called"):
        bus.intercept(Ordered, judge)


def test_a_policy_says_what_it_is(bus: Bus) -> None:
    """The subscription shows the defaults: last among equals, five seconds, fail-closed."""
    policy: Policy = bus.intercept(Ordered, one)
    assert (policy.name, policy.order, policy.deadline_s, policy.on_error) == (f"{__name__}.one", 0, 5.0, "deny")


WORDLESS: dict[str, Callable[[], object]] = {
    "a veto": lambda: Veto(cast("Any", None)),
    "an approver": lambda: Ask(cast("Any", 3)),
    "a question": lambda: Ask("legal", cast("Any", b"why")),
    "the next approver": lambda: Ask("legal", timeout_s=1, escalate_to=(cast("Any", 3),)),
}


@pytest.mark.parametrize("wrong", WORDLESS)
def test_what_a_ruling_says_is_text(wrong: str) -> None:
    """A policy that says anything else is told so where it does, and counts as one that fails."""
    with pytest.raises(BadOption, match="must be a text"):
        WORDLESS[wrong]()


def test_a_question_may_have_a_time_and_people_to_turn_to() -> None:
    """Their names are kept as given, whatever they were given in."""
    question = Ask("kim", timeout_s=60, escalate_to=cast("Any", ["ann", "bob"]), on_timeout="approve")
    assert (question.timeout_s, question.escalate_to, question.on_timeout) == (60, ("ann", "bob"), "approve")
    assert hash(question) == hash(Ask("kim", timeout_s=60, escalate_to=("ann", "bob"), on_timeout="approve"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeout_s": 0}, r"timeout_s\)=0 must be a number above 0"),
        ({"timeout_s": float("inf")}, "leave it out"),
        ({"timeout_s": 1, "on_timeout": "accept"}, "none of"),
        ({"timeout_s": 1, "escalate_to": "ann"}, "several names"),
        ({"timeout_s": 1, "escalate_to": 3}, "several names"),
        ({"escalate_to": ("ann",)}, "give it, in seconds"),
        ({"on_timeout": "approve"}, "give it, in seconds"),
    ],
)
def test_a_question_that_could_not_be_put_is_refused(options: Any, words: str) -> None:
    """Above all one whose time would never come, as nobody would notice."""
    with pytest.raises(BadOption, match=words):
        Ask("kim", **options)
