"""Policies: handlers that may change, delay or refuse an event before it becomes a fact."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter
from math import inf
from typing import Any, Literal, Protocol, TypeVar, get_args

from pydantic import ValidationError

from .deadline import DeadlinePassed, wait_guest
from .errors import BadOption
from .event import Event
from .guest import Watch
from .options import handles, number, one_of, positive, text
from .selector import Selector
from .tasks import Spawn
from .words import describe, shown

E = TypeVar("E", bound=Event)
Verdict = Literal["deny", "allow"]
OnTimeout = Literal["reject", "approve"]

_GRACE_S = 1.0
"""How long a policy that passed its deadline may take to end before it is left behind."""


@dataclass(frozen=True, slots=True)
class Veto:
    """A policy's no. The model, or the caller, is told the ``reason``.

    :raises BadOption: it is no text.
    """

    reason: str

    def __post_init__(self) -> None:
        text("Veto(reason)", self.reason)


@dataclass(frozen=True, slots=True)
class Ask:
    """A policy's question to a person: the event waits until somebody decides, for ever unless ``timeout_s`` is given.

    Who does not decide within ``timeout_s`` seconds is passed over: the next of ``escalate_to`` is asked, and has as
    long. After the last one ``on_timeout`` decides.

    :raises BadOption: a name or the reason is no text, the time is none, or one is missing that another option needs.
    """

    approver: str
    reason: str = ""
    timeout_s: float | None = None
    escalate_to: tuple[str, ...] = ()
    on_timeout: OnTimeout = "reject"

    def __post_init__(self) -> None:
        text("Ask(approver)", self.approver)
        text("Ask(reason)", self.reason)
        one_of("Ask(on_timeout)", self.on_timeout, get_args(OnTimeout))
        if isinstance(self.escalate_to, str) or not isinstance(self.escalate_to, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadOption(f"Ask(escalate_to={self.escalate_to!r:.80}) must be several names, as in ('boss',)")
        object.__setattr__(self, "escalate_to", tuple(self.escalate_to))
        for name in self.escalate_to:
            text("Ask(escalate_to)", name)
        self._check_time()

    def _check_time(self) -> None:
        if self.timeout_s is not None:
            positive("Ask(timeout_s)", self.timeout_s)
            if self.timeout_s == inf:
                raise BadOption("Ask(timeout_s=inf): leave it out for a question that waits for ever")
        elif self.escalate_to or self.on_timeout != "reject":
            raise BadOption("Ask(escalate_to, on_timeout) take effect after timeout_s; give it, in seconds")


@dataclass(frozen=True, slots=True)
class Instead:
    """A policy's own answer: the wish is not done, and ``event`` is what comes of it."""

    event: Event


Ruling = Veto | Ask | Instead
Answer = Event | Ruling
Judge = Callable[..., Awaitable[Answer] | Answer]


@dataclass(frozen=True, slots=True)
class Policy:
    """One subscription that may change, delay or refuse.

    Policies are asked in the order of ``order``, equal ones in the order of registration; each sees what the one
    before it answered. ``on_error`` says what counts when a policy raises, passes its deadline or answers nonsense:
    ``deny`` refuses the event, ``allow`` goes on as if the policy were not there.

    :raises BadOption: an option has a value that it cannot have.
    """

    judge: Judge
    selector: Selector[Any]
    name: str
    order: int
    deadline_s: float
    on_error: Verdict
    sees_state: bool
    spawn: Spawn
    """Takes what is left of a judge that would not end."""

    def __post_init__(self) -> None:
        handles(self.judge, "one event, or with that and the run's state", 2 if self.sees_state else 1)
        number("order", self.order)
        positive("deadline_s", self.deadline_s)
        one_of("on_error", self.on_error, get_args(Verdict))


class Failed(Protocol):
    """Is told of a policy that failed, and how."""

    def __call__(self, policy: Policy, event: Event, fault: str, error: BaseException | None = None) -> None: ...


def wants_state(judge: Judge) -> bool:
    """Whether a policy takes the run's state as a second argument: one that has no default."""
    try:
        parameters = inspect.signature(judge).parameters.values()
    except (TypeError, ValueError):
        return False
    places = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in places and each.default is Parameter.empty for each in parameters) > 1


async def intercept(
    policies: Sequence[Policy], event: E, state: object, watch: Watch, failed: Failed
) -> tuple[E, Ruling | None]:
    """Ask every policy in turn; the event as they left it, with the first veto or answer, else the first question."""
    question: Ask | None = None
    for policy in policies:
        if not policy.selector.matches(event):
            continue
        answer = await _ask(policy, event, state, watch, failed)
        if isinstance(answer, Veto | Instead):
            return event, answer
        if isinstance(answer, Ask):
            question = question or answer
        else:
            event = answer
    return event, question


class _Nonsense(Exception):
    """A policy's answer that cannot count; the text says what is wrong with it."""


async def _ask(policy: Policy, event: E, state: object, watch: Watch, failed: Failed) -> E | Ruling:
    cause: BaseException | None = None
    try:
        return _checked(event, await _answer(policy, event, state, watch))
    except DeadlinePassed as passed:
        fault = f"passed its deadline of {policy.deadline_s:g} s"
        if passed.rest is not None:
            policy.spawn(passed.rest, name=f"policy {policy.name}", context=passed.context)
    except _Nonsense as nonsense:
        fault = str(nonsense)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        cause, fault = error, f"raised {describe(error)}"
    failed(policy, event, fault, cause)
    return event if policy.on_error == "allow" else Veto(f"policy {policy.name} {fault}")


async def _answer(policy: Policy, event: Event, state: object, watch: Watch) -> object:
    watch.on_stage = policy.name
    try:
        answer = policy.judge(event, state) if policy.sees_state else policy.judge(event)
    finally:
        watch.on_stage = None
    if not inspect.isawaitable(answer):
        return answer
    work = answer if inspect.iscoroutine(answer) else _wait(answer)
    return await wait_guest(work, policy.name, watch, policy.deadline_s, _GRACE_S)


async def _wait(answer: Awaitable[Answer]) -> Answer:
    return await answer


def _checked(event: E, answer: object) -> E | Ruling:
    """An answer that counts.

    :raises _Nonsense: it is of another type, or changes what it may not change, or to what it may not be.
    """
    if answer is event or isinstance(answer, Veto | Ask):
        return answer  # pyright: ignore[reportReturnType]  # the very event
    if isinstance(answer, Instead):
        return _fitting(event, answer)
    if not isinstance(answer, Event) or type(answer) is not type(event):
        raise _Nonsense(
            f"answered {shown(answer)}; it must answer the {type(event).__name__}, a changed one, Veto, Ask or Instead"
        )
    before, after = event.__dict__, answer.__dict__
    changed = {name for name in before if before[name] is not after[name] and before[name] != after[name]}
    forbidden = changed - event.may_change
    if forbidden:
        allowed = ", ".join(sorted(event.may_change)) or "nothing"
        raise _Nonsense(
            f"changed {', '.join(sorted(forbidden))}; of a {type(event).__name__} a policy may change {allowed}"
        )
    try:
        # A changed copy is made without any check.
        return type(event).model_validate(after)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise _Nonsense(f"changed {wrong['loc'][0]} to what it cannot be: {wrong['msg']}") from None


def _fitting(event: Event, answer: Instead) -> Instead:
    """An answer that can stand in for what would have come of the event.

    :raises _Nonsense: it cannot, or is a fact already.
    """
    other = answer.event
    if not event.answered_by(other):
        raise _Nonsense(f"answered Instead({shown(other)}), which cannot come of this {type(event).__name__}")
    if other.seq:
        raise _Nonsense(
            f"answered Instead of an event that is in a log already; give a copy with seq=0: {shown(other)}"
        )
    return answer
