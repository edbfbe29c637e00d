"""What an event says, as one line for people."""

from collections.abc import Callable, Mapping
from typing import Any

from ..bus.event import Event
from ..events.content import Message, Refusal, Text, ToolCall
from ..events.control import CancelRequested, MessageInjected
from ..events.fault import Fault
from ..events.human import ApprovalDecided, ApprovalEscalated, ApprovalRequested
from ..events.model import ModelFailed, ModelReplied, ModelRequested
from ..events.money import CostCounted
from ..events.run import RunFinished, RunForked, RunResumed, RunStarted, RunSuspended
from ..events.tool import ToolFinished, ToolRequested, ToolStarted
from ..events.turn import TurnFinished, TurnStarted
from ..events.usage import Usage
from ..handlers.excerpt import excerpt
from ..handlers.observers.terminal.progress import call_words, shown
from ..stores import OpaqueEvent

LONGEST = 400
"""Characters of anybody's words that are shown; how many there are in all is said where some are left out."""
_MOMENT_S = 0.05
"""What took less took no time worth a word."""
_PLACE = frozenset(Event.model_fields)
_USUAL_STOPS = ("end", "tool_calls")


def name_of(event: Event) -> str:
    """What an event is called in the log, also where this program does not know it."""
    return shown(event.name, 40) if isinstance(event, OpaqueEvent) else event.event_name


def tell(event: Event) -> str:
    """What an event says: one line, safe for a terminal, without secrets, cut where it is long."""
    return " ".join(_WORDS.get(type(event), _fields)(event).split())


def _fields(event: Event) -> str:
    """What is said of an event that has no words of its own: its fields, but for those that have nothing in them."""
    given = {name: value for name, value in vars(event).items() if name not in _PLACE and value not in (None, "", ())}
    return ", ".join(f"{name}={shown(str(value), LONGEST)}" for name, value in excerpt(given, LONGEST).items())


def _opaque(event: OpaqueEvent) -> str:
    return f"(version {event.version} is not known here) {shown(event.body.decode('utf-8', 'replace'), 100)}"


def _run_started(event: RunStarted) -> str:
    before = f", after {_count(len(event.history), 'message')}" if event.history else ""
    return f"{shown(event.agent, 64)} asks {shown(event.model, 64)}{before}: {_said(event.prompt)}"


def _run_finished(event: RunFinished) -> str:
    why = f"{event.status}: {_fault(event.error)}" if event.error else _joined(": ", event.status, event.reason)
    output = event.output if isinstance(event.output, str) else excerpt(event.output, LONGEST)
    return _joined(": ", shown(why, LONGEST), shown(str(output), LONGEST) if output else "")


def _suspended(event: RunSuspended) -> str:
    return shown(_joined(": ", event.reason, ", ".join(event.waiting)), LONGEST)


def _resumed(event: RunResumed) -> str:
    return shown(_joined(" by ", f"attempt {event.attempt}", event.holder), LONGEST)


def _forked(event: RunForked) -> str:
    return shown(_joined(": ", f"from run {event.source}", "; ".join(event.edits)), LONGEST)


def _turn_finished(event: TurnFinished) -> str:
    return f"turn {event.turn}, the last" if event.final else f"turn {event.turn}"


def _model_requested(event: ModelRequested) -> str:
    left_out = f", from message {event.first} on" if event.first else ""
    return f"{shown(event.model, 64)}, {_count(event.messages, 'message')}{left_out}"


def _model_replied(event: ModelReplied) -> str:
    said = "".join(block.text for block in event.content if isinstance(block, Text | Refusal))
    calls = " ".join(_call(block) for block in event.content if isinstance(block, ToolCall))
    stop = "" if event.stop in _USUAL_STOPS else f"stopped by {event.stop}"
    took = f"{event.elapsed_s:.1f} s" if event.elapsed_s >= _MOMENT_S else ""
    figures = _joined(", ", stop, _tokens(event.usage), took)
    return _joined(" ", f"({figures})" if figures else "", shown(said, LONGEST), calls)


def _model_failed(event: ModelFailed) -> str:
    partial = "".join(block.text for block in event.partial if isinstance(block, Text))
    tokens = _tokens(event.usage)
    so_far = f"after: {shown(partial, LONGEST)}" if partial else ""
    return _joined(" ", f"({tokens})" if tokens else "", _fault(event.error), so_far)


def _tool_requested(event: ToolRequested) -> str:
    return f"{shown(event.call_id, 40)}: {call_words(event.name, event.arguments)}"


def _tool_finished(event: ToolFinished) -> str:
    took = f" in {event.elapsed_s:.1f} s" if event.elapsed_s >= _MOMENT_S else ""
    size = f", {event.full_size:,} bytes in all" if event.full_size else ""
    words = f"{shown(event.call_id, 40)}: {shown(event.name, 64)} {event.outcome}{took}{size}"
    return _joined(": ", words, shown(event.output, LONGEST))


def _asked(event: ApprovalRequested) -> str:
    call = f"{shown(event.call_id, 40)}: {call_words(event.name, event.arguments)}"
    return _joined(": ", f"{call} waits for {shown(event.approver or 'a person', 64)}", shown(event.reason, LONGEST))


def _decided(event: ApprovalDecided) -> str:
    verdict = _joined(" by ", "approved" if event.approve else "rejected", shown(event.author, 64))
    arguments = f" with {call_words('', event.arguments)}" if event.arguments is not None else ""
    return _joined(": ", f"{shown(event.call_id, 40)}: {verdict}{arguments}", shown(event.reason, LONGEST))


def _escalated(event: ApprovalEscalated) -> str:
    return f"{shown(event.call_id, 40)}: waits for {shown(event.approver, 64)} now"


def _cost(event: CostCounted) -> str:
    price = "price not known" if event.cost_usd is None else f"${event.cost_usd:.6f}".rstrip("0").rstrip(".")
    return shown(_joined(", ", price, event.note), LONGEST)


def _injected(event: MessageInjected) -> str:
    return f"{shown(event.author, 64)} says: {_said(event.message)}"


def _call(block: ToolCall) -> str:
    return call_words(block.name, block.arguments) if block.malformed is None else f"{shown(block.name, 64)}(malformed)"


def _said(message: Message) -> str:
    others = len(message.content) - sum(isinstance(block, Text) for block in message.content)
    return _joined(" ", shown(message.text, LONGEST), f"(and {_count(others, 'other part')})" if others else "")


def _fault(error: Fault) -> str:
    return shown(_joined(": ", error.kind, error.message), LONGEST)


def _tokens(usage: Usage) -> str:
    return f"{usage.input_tokens:,} + {usage.output_tokens:,} tokens" if usage.total_tokens else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"


def _joined(separator: str, *parts: str) -> str:
    return separator.join(filter(None, parts))


_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    OpaqueEvent: _opaque,
    RunStarted: _run_started,
    RunFinished: _run_finished,
    RunSuspended: _suspended,
    RunResumed: _resumed,
    RunForked: _forked,
    TurnStarted: lambda event: f"turn {event.turn}",
    TurnFinished: _turn_finished,
    ModelRequested: _model_requested,
    ModelReplied: _model_replied,
    ModelFailed: _model_failed,
    ToolRequested: _tool_requested,
    ToolStarted: lambda event: f"{shown(event.call_id, 40)}: {shown(event.name, 64)}",
    ToolFinished: _tool_finished,
    ApprovalRequested: _asked,
    ApprovalEscalated: _escalated,
    ApprovalDecided: _decided,
    CancelRequested: lambda event: shown(f"by {event.author}: {event.reason}", LONGEST),
    MessageInjected: _injected,
    CostCounted: _cost,
}
"""By the class of the event; one that is not here is told by its fields."""
