"""What is changed where a run forks from another: events that stand in for what happened there."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from ...bus.event import Event
from ...events.content import Message
from ...events.control import MessageInjected
from ...events.model import ModelRequested
from ...events.run import RunForked
from ...events.tool import ToolFinished, ToolRequested
from ...events.turn import TurnStarted
from ...stores.contract import RunInfo
from ..errors import BadInput
from ..journal import Journal
from ..said import made
from ..turn import Phase

E = TypeVar("E", bound=Event)
_ASKED = frozenset({Phase.THINKING, Phase.FAILED, Phase.RECOVERING})
"""Where a turn has asked its model, and does not know yet what it says."""


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


def check_place(source: RunInfo, at: int) -> None:
    """See to it that a run goes on behind event ``at``.

    :raises BadInput: it is over there.
    """
    if source.status is not None and at == source.seq:
        raise BadInput(f"at={at}: the run is over there; fork it at an earlier event, such as at={at - 1}")


def half_made(info: RunInfo) -> bool:
    """Whether a process died while it made a fork: that has events of its source, and none of its own."""
    return info.source is not None and info.seq == info.at


def check_fork(journal: Journal, edit: Edit, model: str) -> None:
    """See to it that the edit is about something that is open where the fork begins; ``model`` is asked from there on.

    :raises BadInput: a call that it answers is not open, or another model was asked already.
    """
    _check_answers(journal, edit)
    if journal.phase in _ASKED and (edit.model or edit.agent):
        turn, asked = _last(journal, TurnStarted), _last(journal, ModelRequested)
        if asked.model != model:
            raise BadInput(
                f"at={len(journal.events)}: model {asked.model!r} has been asked there and not answered; to have "
                f"{model!r} asked, fork the run where the turn begins, at={turn.seq}"
            )


def _check_answers(journal: Journal, edit: Edit) -> None:
    open_calls = [call.call_id for call in journal.state.transcript.open_calls()]
    for call_id in edit.results:
        if call_id not in open_calls:
            known = ", ".join(open_calls) or "none"
            raise BadInput(f"results: call {call_id!r} is not open after event {len(journal.events)} (open: {known})")


def fork_off(journal: Journal, source: str, edit: Edit) -> None:
    """Append what makes a fork a run of its own.

    :raises BadInput: a result is no text.
    """
    forked = journal.append(RunForked(source=source, edits=tuple(edit.in_words())), len(journal.events))
    for call in journal.state.transcript.open_calls():
        if call.call_id not in edit.results:
            continue
        request = _request_of(journal, call.call_id) or journal.append(
            ToolRequested(call_id=call.call_id, name=call.name, arguments=call.arguments), forked.seq
        )
        said = edit.results[call.call_id]
        result = made(ToolFinished, call_id=call.call_id, name=call.name, outcome="ok", output=said)
        journal.append(result, request.seq)
    if edit.message is not None:
        journal.append(MessageInjected(message=edit.message, author="fork"), forked.seq)


def _last(journal: Journal, event_class: type[E]) -> E:
    return next(event for event in reversed(journal.events) if isinstance(event, event_class))


def _request_of(journal: Journal, call_id: str) -> Event | None:
    for event in reversed(journal.events):
        if isinstance(event, ToolRequested) and event.call_id == call_id:
            return event
    return None
