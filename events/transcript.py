"""The pure incremental fold from events to the conversation that a model is shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bus.event import Event
from .content import Message, Text, ToolCall, ToolResult
from .control import MessageInjected
from .model import ModelFailed, ModelReplied
from .recovery import Again, ContextCompacted, FallbackChosen, RetryScheduled
from .run import RunFinished, RunStarted
from .tool import ToolFinished
from .turn import TurnStarted
from .unchecked import unchecked_value

_message = unchecked_value(Message)
_result = unchecked_value(ToolResult)


@dataclass(slots=True)
class Transcript:
    """A conversation that grows with its events.

    ``messages`` only ever grows at its end, so a part of it may be shown without a copy; only what was left of an
    interrupted reply, which no request has shown yet, goes when the model is asked again. The results of one reply
    become one message, in the order of the calls, when the last is in: between two events a call may be open, but
    every message is whole. What is injected while calls are open waits until they are answered.
    """

    messages: list[Message] = field(default_factory=lambda: [])
    pinned: list[int] = field(default_factory=lambda: [])
    """Where the pinned messages are."""
    prompt: int = 0
    """Where the run's own prompt is: what is before it is history."""
    calls: tuple[ToolCall, ...] = ()
    """The calls of the last reply while any of them is open."""
    results: dict[str, ToolResult] = field(default_factory=lambda: {})
    """The results of those calls that are in."""
    injected: list[Message] = field(default_factory=lambda: [])
    interrupted: bool = False
    """Whether the last message is what was left of an interrupted reply."""

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

    def started(self, event: RunStarted) -> None:
        """The conversation so far, and what the user says."""
        for message in event.history:
            self.append(message)
        self.prompt = len(self.messages)
        self.append(event.prompt)

    def hear_injected(self, _: TurnStarted | RunFinished) -> None:
        """What was injected has its place where no call is open."""
        if self.calls:
            return
        for message in self.injected:
            self.append(message)
        self.injected.clear()

    def replied(self, event: ModelReplied) -> None:
        """What the model said, and the calls it asked for."""
        self.messages.append(_message("assistant", event.content))
        self.calls = tuple([block for block in event.content if type(block) is ToolCall])

    def failed(self, event: ModelFailed) -> None:
        """Of an interrupted reply, the text stays."""
        text = "".join(block.text for block in event.partial if isinstance(block, Text))
        if text:
            self.messages.append(Message("assistant", (Text(text),)))
            self.interrupted = True

    def asked_again(self, _: Again) -> None:
        """Of several attempts at one answer, only the last has its place here."""
        if self.interrupted:
            self.messages.pop()
            self.interrupted = False

    def finished(self, event: ToolFinished) -> None:
        """A result; the last one makes them all a message. One that no open call waits for changes nothing."""
        calls, results, call_id = self.calls, self.results, event.call_id
        for call in calls:
            if call.call_id == call_id:
                break
        else:
            return
        result = _result(call_id, call.name, event.output, event.outcome, event.parts, call.provider_id)
        if len(calls) == 1:
            self._answered((result,))
        elif call_id not in results:
            results[call_id] = result
            if len(results) == len(calls):
                self._answered(tuple([results[call.call_id] for call in calls]))
                results.clear()

    def _answered(self, results: tuple[ToolResult, ...]) -> None:
        self.messages.append(_message("tool", results))
        self.calls = ()

    def inject(self, event: MessageInjected) -> None:
        """Somebody said something; the model hears it at the next turn."""
        self.injected.append(event.message)


def fold(events: Iterable[Event]) -> Transcript:
    """The conversation that a whole log tells."""
    transcript = Transcript()
    for event in events:
        transcript.add(event)
    return transcript


_FOLDS: Mapping[type[Event], Callable[[Transcript, Any], None]] = {
    RunStarted: Transcript.started,
    TurnStarted: Transcript.hear_injected,
    ModelReplied: Transcript.replied,
    ModelFailed: Transcript.failed,
    RetryScheduled: Transcript.asked_again,
    FallbackChosen: Transcript.asked_again,
    ContextCompacted: Transcript.asked_again,
    ToolFinished: Transcript.finished,
    MessageInjected: Transcript.inject,
    RunFinished: Transcript.hear_injected,
}
