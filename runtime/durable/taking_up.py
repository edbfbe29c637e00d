"""Whether and how a run whose log has no end can go on: decided from the log alone."""

from collections.abc import Sequence

from ...bus.data import known_events
from ...bus.event import Event
from ...events.control import CancelRequested
from ...events.fault import Fault
from ...events.run import RunResumed, RunSuspended
from ...events.turn import TurnFinished
from ...stores.opaque import OpaqueEvent
from ..errors import CannotResume
from ..stopping import Stopping


def attempts(events: Sequence[Event]) -> int:
    """How often a run was taken up after a crash since it last finished a turn, or was left in good order."""
    count = 0
    for event in reversed(events):
        if isinstance(event, TurnFinished):
            break
        if isinstance(event, RunSuspended):
            # No crash was before the first of them.
            return max(count - 1, 0)
        count += isinstance(event, RunResumed)
    return count


def dead_letter(count: int) -> Stopping:
    """The end of a run that is given up because taking it up never got it on."""
    words = f"it was taken up {count} times and never finished a turn"
    return Stopping("failed", words, Fault("DeadLetter", words, "runtime"))


def unfinished_stop(events: Sequence[Event]) -> Stopping | None:
    """The end that somebody had asked for when the run broke off; None if nobody had."""
    for event in reversed(events):
        if isinstance(event, RunResumed):
            return None
        if isinstance(event, CancelRequested):
            return Stopping("limit" if event.author == "limit" else "cancelled", event.reason)
    return None


def check_readable(run_id: str, events: Sequence[Event]) -> None:
    """Refuse a log in which an event that nobody here knows may have moved the run on.

    An application's own events that are not defined here move nothing.

    :raises CannotResume: there is one; says which.
    """
    strange = {event.seq: event for event in events if isinstance(event, OpaqueEvent)}
    if not strange:
        return
    ours = {each.event_name for each in known_events() if each.__module__.startswith(__name__.partition(".")[0])}
    moved_on = {event.cause for event in events}
    for seq, event in strange.items():
        if event.name in ours or seq in moved_on:
            raise CannotResume(
                f"event {seq} of run {run_id} is {event.name} version {event.version}, which this program does not "
                "know: resume the run with the version that wrote it, or a newer one",
                run_id,
            )
