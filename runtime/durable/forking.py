"""What is changed where a run forks from another: events that stand in for what happened there."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ...bus.event import Event
from ...events.content import Message
from ...events.control import MessageInjected
from ...events.run import RunFinished, RunForked
from ...events.tool import ToolFinished, ToolRequested
from ..errors import BadInput
from ..journal import Journal


class Edit(NamedTuple):
    """How a fork differs from its source from the first event on."""

    message: Message | None = None
    """What is said to the model beside the rest."""
    results: Mapping[str, str] = {}
    """Results of calls that are open there, by their ids: their tools are not called."""
    model: str = ""
    """The model that is asked from there on, where it is another."""
    agent: str = ""
    """The agent that goes on, where it is another."""

    def in_words(self) -> Iterator[str]:
        """What was changed, for the log."""
        if self.agent:
            yield f"agent {self.agent}"
        if self.model:
            yield f"model {self.model}"
        yield from (f"result of {call_id}" for call_id in self.results)
        if self.message is not None:
            yield "message"


def check_fork(journal: Journal, edit: Edit) -> None:
    """See to it that the fork can go on, and that the edit is about something that is open there.

    :raises BadInput: the run is over there, or a call that an edit answers is not open.
    """
    if isinstance(journal.events[-1], RunFinished):
        last = len(journal.events)
        raise BadInput(f"at={last}: the run is over there; fork it at an earlier event, such as at={last - 1}")
    open_calls = [call.call_id for call in journal.state.transcript.open_calls()]
    for call_id in edit.results:
        if call_id not in open_calls:
            known = ", ".join(open_calls) or "none"
            raise BadInput(f"results: call {call_id!r} is not open after event {len(journal.events)} (open: {known})")


def fork_off(journal: Journal, source: str, edit: Edit) -> None:
    """Append what makes a fork a run of its own."""
    journal.append(RunForked(source=source, edits=tuple(edit.in_words())), len(journal.events))
    for call in journal.state.transcript.open_calls():
        if call.call_id not in edit.results:
            continue
        request = _request_of(journal, call.call_id) or journal.append(
            ToolRequested(call_id=call.call_id, name=call.name, arguments=call.arguments), len(journal.events)
        )
        result = ToolFinished(call_id=call.call_id, name=call.name, outcome="ok", output=edit.results[call.call_id])
        journal.append(result, request.seq)
    if edit.message is not None:
        journal.append(MessageInjected(message=edit.message, author="fork"), len(journal.events))


def _request_of(journal: Journal, call_id: str) -> Event | None:
    for event in reversed(journal.events):
        if isinstance(event, ToolRequested) and event.call_id == call_id:
            return event
    return None
