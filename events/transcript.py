"""The pure incremental fold from events to the conversation that a model is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bus.event import Event
from .content import Message, Text, ToolCall, ToolResult
from .control import MessageInjected
from .model import ModelFailed, ModelReplied
from .run import RunFinished, RunStarted
from .tool import ToolFinished
from .turn import TurnStarted


@dataclass(slots=True)
class Transcript:
    """A conversation that grows with its events.

    ``messages`` only ever grows at its end, so a part of it may be shown without a copy. The results of one reply
    become one message, in the order of the calls, when the last is in: between two events a call may be open, but
    every message is whole. What is injected while calls are open waits until they are answered.
    """

    messages: list[Message] = field(default_factory=list[Message])
    pinned: list[int] = field(default_factory=list[int])
    """Where the pinned messages are."""
    calls: tuple[ToolCall, ...] = ()
    """The calls of the last reply while any of them is open."""
    results: dict[str, ToolResult] = field(default_factory=dict[str, ToolResult])
    """The results of those calls that are in."""
    injected: list[Message] = field(default_factory=list[Message])

    def add(self, event: Event) -> None:
        """Take the next durable event of the run."""
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, event)

    def open_calls(self) -> tuple[ToolCall, ...]:
        """The calls that have no result yet, in the model's order."""
        return tuple(call for call in self.calls if call.call_id not in self.results)

    def append(self, message: Message) -> None:
        """Add a message at the end."""
        if message.pinned:
            self.pinned.append(len(self.messages))
        self.messages.append(message)


def fold(events: "list[Event]") -> Transcript:
    """The conversation that a whole log tells."""
    transcript = Transcript()
    for event in events:
        transcript.add(event)
    return transcript


def _started(transcript: Transcript, event: RunStarted) -> None:
    for message in event.history:
        transcript.append(message)
    transcript.append(event.prompt)


def _hear_injected(transcript: Transcript, _: TurnStarted | RunFinished) -> None:
    for message in transcript.injected:
        transcript.append(message)
    transcript.injected.clear()


def _replied(transcript: Transcript, event: ModelReplied) -> None:
    message = Message("assistant", event.content)
    transcript.append(message)
    transcript.calls = message.tool_calls


def _failed(transcript: Transcript, event: ModelFailed) -> None:
    text = "".join(block.text for block in event.partial if isinstance(block, Text))
    if text:
        transcript.append(Message("assistant", (Text(text),)))


def _finished(transcript: Transcript, event: ToolFinished) -> None:
    calls = transcript.calls
    for call in calls:
        if call.call_id == event.call_id:
            transcript.results[call.call_id] = ToolResult(
                call.call_id, call.name, event.output, event.outcome, event.parts, call.provider_id
            )
            break
    if len(transcript.results) == len(calls):
        transcript.append(Message("tool", tuple([transcript.results[call.call_id] for call in calls])))
        transcript.calls = ()
        transcript.results = {}


def _message_injected(transcript: Transcript, event: MessageInjected) -> None:
    transcript.injected.append(event.message)


_FOLDS: Mapping[type[Event], Callable[[Transcript, Any], None]] = {
    RunStarted: _started,
    TurnStarted: _hear_injected,
    RunFinished: _hear_injected,
    ModelReplied: _replied,
    ModelFailed: _failed,
    ToolFinished: _finished,
    MessageInjected: _message_injected,
}
