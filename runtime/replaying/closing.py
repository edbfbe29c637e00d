"""The end of a recorded run that was stopped from outside."""

from typing import cast

from ...events.control import CancelRequested
from ...events.run import RunFinished
from ..errors import ReplayMismatch
from ..journal import Journal
from ..stopping import Stopping, close_run
from .tape import Cut, Tape


def requested(event: CancelRequested) -> Stopping:
    """How a run is stopped that somebody, or its limit on wall time, wants to stop."""
    return Stopping("limit" if event.author == "limit" else "cancelled", event.reason)


def take_close(tape: Tape, stopping: Stopping | None, unlike: ReplayMismatch) -> None:
    """Take what closes a run that was stopped, because somebody wanted it or because its process failed.

    :raises ReplayMismatch: it was not, which leaves ``unlike`` as it is; or the code closes such a run in another way.
    """
    known = stopping or _failed(tape)
    if known is None or known.status is None:
        raise unlike
    place = len(tape.events)
    try:
        close_run(cast(Journal, tape), known.status, known, ())
    except Cut:
        return
    except ReplayMismatch:
        if stopping is None and len(tape.events) == place:
            raise unlike from None
        raise


def _failed(tape: Tape) -> Stopping | None:
    """Why a run was stopped that nobody cancelled: a stage of it failed, or its event loop ended."""
    end = tape.recorded[-1]
    if not isinstance(end, RunFinished):
        return None
    fault = end.error
    if end.status == "cancelled" and end.reason and fault is None:
        return Stopping("cancelled", end.reason)
    if end.status == "failed" and fault is not None and (fault.where == "runtime" or end.reason.startswith("stage ")):
        return Stopping("failed", end.reason, fault)
    return None
