"""Policies: handlers that may change, delay or refuse an event before it becomes a fact."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from .deadline import DeadlinePassed, wait_guest
from .event import Event
from .guest import Watch
from .selector import Selector

E = TypeVar("E", bound=Event)
Verdict = Literal["deny", "allow"]

_log = logging.getLogger("loopbus.bus")


@dataclass(frozen=True, slots=True)
class Veto:
    """A policy's no. The model, or the caller, is told the ``reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A policy's question to a person: the event waits until somebody decides."""

    approver: str
    reason: str = ""


Answer = Event | Veto | Ask
Judge = Callable[..., Awaitable[Answer] | Answer]


@dataclass(frozen=True, slots=True)
class Policy:
    """One subscription that may change, delay or refuse.

    Policies are asked in the order of ``order``, equal ones in the order of registration; each sees what the one
    before it answered. ``on_error`` says what counts when a policy raises, passes its deadline or answers nonsense:
    ``deny`` refuses the event, ``allow`` goes on as if the policy were not there.
    """

    judge: Judge
    selector: Selector[Any]
    name: str
    order: int
    deadline_s: float
    on_error: Verdict
    sees_state: bool


def wants_state(judge: Judge) -> bool:
    """Whether a policy takes the run's state as a second argument."""
    return len(inspect.signature(judge).parameters) > 1


async def intercept(
    policies: Sequence[Policy], event: E, state: object, watch: Watch, failed: Callable[[Policy, Event, str], None]
) -> tuple[E, Veto | Ask | None]:
    """Ask every policy in turn; the event as they left it, with the first veto, else the first question."""
    question: Ask | None = None
    for policy in policies:
        if not policy.selector.matches(event):
            continue
        answer = await _ask(policy, event, state, watch, failed)
        if isinstance(answer, Veto):
            return event, answer
        if isinstance(answer, Ask):
            question = question or answer
        else:
            event = answer
    return event, question


async def _ask(
    policy: Policy, event: E, state: object, watch: Watch, failed: Callable[[Policy, Event, str], None]
) -> E | Veto | Ask:
    try:
        answer = policy.judge(event, state) if policy.sees_state else policy.judge(event)
        if inspect.iscoroutine(answer):
            answer = await wait_guest(answer, policy.name, watch, policy.deadline_s)
        fault = _fault(event, answer)
    except DeadlinePassed:
        fault = f"passed its deadline of {policy.deadline_s:g} s"
    except Exception as error:
        fault = f"raised {type(error).__name__}: {error}"
        _log.error("policy %s failed on %s", policy.name, type(event).__name__, exc_info=error)
    else:
        if fault is None:
            return answer  # pyright: ignore[reportReturnType,reportUnknownVariableType]  # _fault has checked its type
    failed(policy, event, fault)
    return event if policy.on_error == "allow" else Veto(f"policy {policy.name} {fault}")


def _fault(event: Event, answer: object) -> str | None:
    """What is wrong with a policy's answer, if anything is."""
    if answer is event or isinstance(answer, Veto | Ask):
        return None
    if type(answer) is not type(event):
        return f"answered {answer!r}; it must answer the {type(event).__name__}, a changed one, Veto or Ask"
    before, after = event.__dict__, answer.__dict__
    changed = {name for name in before if before[name] is not after[name] and before[name] != after[name]}
    forbidden = changed - event.may_change
    if forbidden:
        allowed = ", ".join(sorted(event.may_change)) or "nothing"
        return f"changed {', '.join(sorted(forbidden))}; of a {type(event).__name__} a policy may change {allowed}"
    return None
