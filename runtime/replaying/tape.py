"""A recorded log that is played back: what is appended to it must be what it holds."""

from collections.abc import Collection, Mapping, Sequence

from ...backends.fold import ReplyFold
from ...bus.event import Event, revive
from ...events.control import MessageInjected
from ...events.custom import Custom
from ...events.human import ApprovalDecided
from ...events.model import ModelFailed, ModelReplied
from ...events.money import BudgetExceeded, CostCounted, ReplyRecalled
from ...events.recovery import CircuitClosed, CircuitOpened
from ...events.run import RunForked, RunResumed, RunSuspended
from ...events.state import RunState
from ...events.tool import ToolFinished, ToolRequested
from ...stores.codec import encode
from ...stores.opaque import OpaqueEvent
from ..errors import OutOfOrder
from ..turn import Phase, after
from .mismatch import mismatch

DERIVED = (Custom, CostCounted, BudgetExceeded, ReplyRecalled, CircuitOpened, CircuitClosed)
"""What subscribers put right behind an event, before anything else can happen."""
_BREAKS = (RunSuspended, RunResumed, RunForked)
_UNKNOWN: Mapping[type[Event], Collection[str]] = {ModelFailed: ("partial", "usage")}
"""Of a reply that was interrupted, only the log knows what had arrived."""


class Cut(Exception):
    """The log ends, or breaks off, in the middle of what a stage does."""


class Tape:
    """The events of one run up to a place, the state that they fold to, and those behind, which are still to come.

    To the stages and to the closing of a run it is what a ``Journal`` is to a live one.
    """

    __slots__ = ("edited", "editing", "events", "phase", "recorded", "reply", "run_id", "state")

    def __init__(self, recorded: Sequence[Event]) -> None:
        # Some sequences of events make each of them anew for whoever asks.
        self.recorded = tuple(recorded)
        self.run_id = recorded[0].run_id
        self.events: list[Event] = []
        self.state = RunState()
        self.phase = Phase.NEW
        self.reply: ReplyFold | None = None
        self.editing = False
        """Whether this is right behind a fork, where it stands what the fork has changed."""
        self.edited: set[str] = set()
        """The calls that a fork has requested, because it answers them."""

    @property
    def next(self) -> Event | None:
        """The event that comes next; None at the end."""
        place = len(self.events)
        return self.recorded[place] if place < len(self.recorded) else None

    def cause_of(self, event: Event) -> Event | None:
        """The event that made this one happen, if there is one before it."""
        return self.events[event.cause - 1] if 0 < event.cause <= len(self.events) else None

    def is_edit(self, event: Event) -> bool:
        """Whether the event that comes next is something that was changed when this run was forked."""
        if not self.editing:
            return False
        match event:
            case MessageInjected():
                return True
            case ToolRequested():
                return not isinstance(self.cause_of(event), ModelReplied | ApprovalDecided)
            case ToolFinished():
                return event.outcome == "ok"
            case _:
                return False

    def take(self) -> Event:
        """Go on by one event.

        :raises ReplayMismatch: it cannot happen here, whatever the code does.
        """
        event = self.recorded[len(self.events)]
        if not isinstance(event, OpaqueEvent):
            try:
                self.phase = after(self.phase, type(event))
            except OutOfOrder as error:
                raise mismatch(event, None) from error
        if not 0 <= event.cause < event.seq:
            raise mismatch(event, None)
        edit = self.is_edit(event)
        if edit and isinstance(event, ToolRequested):
            self.edited.add(event.call_id)
        self.editing = edit or isinstance(event, RunForked)
        self.events.append(event)
        self.state.add(event)
        return event

    def append(self, event: Event, cause: int) -> Event:
        """Take the event that the code causes here, and what subscribers have put right behind it.

        :raises ReplayMismatch: what comes next is another event.
        :raises Cut: nothing comes next.
        """
        recorded = self.next
        if recorded is None or isinstance(recorded, _BREAKS):
            raise Cut
        if not equal(event, cause, recorded, _UNKNOWN.get(type(event), ())):
            raise mismatch(recorded, placed(event, cause, recorded))
        self.take()
        while isinstance(derived := self.next, DERIVED) and derived.cause >= recorded.seq:
            self.take()
        return recorded


def placed(event: Event, cause: int, recorded: Event) -> Event:
    """A new event in the place, and at the time, of a recorded one."""
    stamped = {"run_id": recorded.run_id, "seq": recorded.seq, "at": recorded.at, "cause": cause}
    return revive(type(event), {**event.__dict__, **stamped})


def equal(event: Event, cause: int, recorded: Event, free: Collection[str] = ()) -> bool:
    """Whether a new event is the recorded one, byte for byte, but for the fields that are ``free``."""
    if type(event) is not type(recorded):
        return False
    given = {name: recorded.__dict__[name] for name in free}
    expected = placed(event, cause, recorded)
    return encode(revive(type(event), {**expected.__dict__, **given}) if given else expected) == encode(recorded)
