"""Events of runs, with their places, as a runtime would hand them to a log."""

from collections.abc import Sequence

from loopbus.bus.event import stamp
from loopbus.events import (
    Event,
    ModelReplied,
    ModelRequested,
    RunFinished,
    RunStarted,
    Text,
    TurnFinished,
    TurnStarted,
    user,
)

AT = 1_790_000_000.5


def placed(run_id: str, first: int, *events: Event, at: float = AT) -> Sequence[Event]:
    """Give new events their places in a run, from ``first`` on, a second apart."""
    for seq, event in enumerate(events, first):
        stamp(event, run_id, seq, at + seq, seq - 1)
    return events


def started(
    run_id: str, *, session: str | None = None, key: str | None = None, said: str = "hello", at: float = AT
) -> Sequence[Event]:
    """The first event of a run."""
    event = RunStarted(agent="clerk", model="m", prompt=user(said), session=session, key=key)
    return placed(run_id, 1, event, at=at)


def turn(run_id: str, first: int, *, said: str = "hello to you", at: float = AT) -> Sequence[Event]:
    """Four events: a turn without tools."""
    return placed(
        run_id,
        first,
        TurnStarted(turn=1),
        ModelRequested(turn=1, model="m", messages=1),
        ModelReplied(turn=1, content=(Text(said),), stop="end"),
        TurnFinished(turn=1, final=True),
        at=at,
    )


def finished(run_id: str, seq: int, *, at: float = AT) -> Sequence[Event]:
    """The last event of a run."""
    return placed(run_id, seq, RunFinished(status="completed", output="hello to you", turns=1), at=at)


def whole(run_id: str, *, session: str | None = None, key: str | None = None, at: float = AT) -> list[Event]:
    """A run of six events."""
    return [*started(run_id, session=session, key=key, at=at), *turn(run_id, 2, at=at), *finished(run_id, 6, at=at)]


def moved(run_id: str, events: Sequence[Event]) -> list[Event]:
    """The same events as those of another run."""
    return [event.model_copy(update={"run_id": run_id}) for event in events]
