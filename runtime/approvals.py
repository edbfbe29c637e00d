"""A person's say about a tool call."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from pydantic import JsonValue

from ..bus.event import Event
from ..bus.interception import Ask
from ..bus.words import describe
from ..events.human import TIMEOUT, ApprovalDecided, ApprovalRequested
from ..events.state import RunState
from ..events.tool import ToolRequested
from ..handlers.consent import asked
from ..tools.errors import InvalidArguments
from ..tools.toolset import Toolset
from .errors import BadInput, NotAuthorized, NothingToDecide, StaleDecision
from .said import made

MayDecide = Callable[[str, str, ApprovalRequested], bool]
"""Whether somebody may decide: the author, the approver who is asked by now, and what was asked."""


@runtime_checkable
class Asks(Protocol):
    """The stage of tool calls: it knows what a person has to see, and which calls are not worth a question."""

    def ask(self, event: ToolRequested, question: Ask, run: Any) -> Event: ...


def ask(request: ToolRequested, question: Ask, stage: object, run: Any) -> Event:
    """What comes of a wish that a policy puts to a person; ``stage`` is the one that hears such wishes."""
    if isinstance(stage, Asks):
        return stage.ask(request, question, run)
    return asked(request, question)


def approver_of(state: RunState, call_id: str) -> str:
    """Who is asked now about a call that waits."""
    escalated = state.escalated.get(call_id)
    return state.waiting[call_id].approver if escalated is None else escalated.approver


def decision(
    state: RunState,
    log: Sequence[Event],
    call_id: str,
    *,
    approve: bool,
    author: str = "",
    reason: str = "",
    arguments: Mapping[str, JsonValue] | None = None,
    binding: str | None = None,
    tools: Toolset | None = None,
    may_decide: MayDecide | None = None,
) -> tuple[ApprovalDecided, int]:
    """The event that decides about a call that waits, and its cause. Pure; nothing is appended.

    ``binding`` is that of the question which the person has seen. ``tools`` are those of the run's agent, where they
    are known: a person who edits is told at once what does not fit, as the model would be later.

    :raises NothingToDecide: no such call waits; says who decided it, and when.
    :raises StaleDecision: by now the call waits with another question than the one that was seen.
    :raises NotAuthorized: ``may_decide`` says no.
    :raises BadInput: the arguments are no JSON object or do not fit the tool, or the author is nobody's name.
    """
    question = state.waiting.get(call_id)
    if question is None:
        raise nothing_to_decide(state, log, call_id)
    where = f"call {call_id!r} of run {state.run_id}"
    if binding is not None and binding != question.binding:
        raise StaleDecision(f"{where} is not what was asked about any more; look at the question that waits now")
    if author == TIMEOUT:
        raise BadInput(f"author={author!r} stands for a decision that nobody made; give the name of who decides")
    approver = approver_of(state, call_id)
    if may_decide is not None:
        _check_may(may_decide, author, approver, question, where)
    decided = made(ApprovalDecided, call_id=call_id, approve=approve, author=author, reason=reason, arguments=arguments)
    if approve and decided.arguments is not None and tools is not None:
        check_fits(tools, question.name, decided.arguments)
    return decided, question.seq


def nothing_to_decide(state: RunState, log: Sequence[Event], call_id: str) -> NothingToDecide:
    """Why there is nothing to decide about a call: who has decided and when, as the log says."""
    where, waiting = f"call {call_id!r} of run {state.run_id}", ", ".join(state.waiting) or "none"
    for event in reversed(log):
        if isinstance(event, ApprovalDecided) and event.call_id == call_id:
            word = "approved" if event.approve else "rejected"
            when = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds")
            return NothingToDecide(
                f"{where} was {word} by {event.author or 'somebody'!r} at {when}, in event {event.seq}; "
                f"a call is decided once (waiting: {waiting})"
            )
    return NothingToDecide(f"{where} does not wait for a decision (waiting: {waiting})")


def _check_may(may_decide: MayDecide, author: str, approver: str, question: ApprovalRequested, where: str) -> None:
    try:
        may = may_decide(author, approver, question)
    except Exception as error:
        words = f"{where}: whether {author!r} may decide cannot be told, so nobody does: {describe(error)}"
        raise NotAuthorized(words) from error
    if may is not True:
        # Also what an async function answers, which is nothing yet.
        raise NotAuthorized(f"{where} waits for {approver or 'an approver'!r}, and {author!r} may not decide instead")


def check_fits(tools: Toolset, name: str, arguments: Mapping[str, JsonValue]) -> None:
    """Refuse what a person puts in place of a model's arguments, if it does not fit; a tool that is unknown takes any.

    :raises BadInput: they do not fit; names the field.
    """
    tool = tools.get(name)
    if tool is not None:
        try:
            tool.validate(arguments)
        except InvalidArguments as error:
            raise BadInput(f"arguments: nothing was decided, and the call waits on. {error}") from error
