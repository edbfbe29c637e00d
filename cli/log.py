"""``loopbus log``: one run's events as a timeline."""

from contextlib import aclosing
from typing import Annotated

import typer

from ..bus.data import dump
from ..bus.event import Event
from ..handlers.observers.terminal.progress import shown
from ..stores import EventLog, OpaqueEvent, RunInfo
from .options import RunArgument
from .output import write, write_json
from .run_ids import find_run
from .runs import moment
from .stores import StoreOption, on_log
from .timeline import HEAD, Timeline
from .totals import Totals


def show(
    run: RunArgument,
    store: StoreOption = None,
    after: Annotated[int, typer.Option(min=0, metavar="SEQ", help="Only the events behind this one.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each new event, up to the last.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each event, whole.")] = False,
) -> None:
    """Show a run's events: what caused each, when it was, what it says. `loopbus log RUN` does the same.

    What is long is cut, and says how long it is; what looks like a secret is masked. --json shows all of it.
    """

    async def read(log: EventLog) -> None:
        info = await find_run(log, run)
        told = _Lines(info) if not as_json else None
        # Nothing comes behind the last event of a run, not even that event again.
        goes_on = follow and info.status is None
        events = log.tail(info.run_id, after=after) if goes_on else log.read(info.run_id, after=after)
        async with aclosing(events):
            async for event in events:
                if told is None:
                    write_json(as_data(event))
                else:
                    write(told.line(event), styled=True)
        if told is not None:
            write(told.sum() if not after else "", styled=True)

    on_log(store, read)


class _Lines:
    """A head, a line for each event, and what they come to."""

    def __init__(self, info: RunInfo) -> None:
        self._timeline = Timeline(info.started_at)
        self._totals = Totals(info.started_at)
        session = f", session {shown(info.session, 64)}" if info.session else ""
        self._head = f"run {shown(info.run_id)}, {shown(info.agent, 64)}{session}, {moment(info.started_at)}\n{HEAD}\n"

    def line(self, event: Event) -> str:
        """The line of an event, with the head before the first one."""
        head, self._head = self._head, ""
        self._totals.add(event)
        return head + self._timeline.line(event)

    def sum(self) -> str:
        """Turns, tokens, cost and time of all of them."""
        return f"{self._head}{self._totals.words()}\n"


def as_data(event: Event) -> dict[str, object]:
    """An event as JSON-ready data; of one that this program does not know, what is known."""
    if isinstance(event, OpaqueEvent):
        place = {"run_id": event.run_id, "seq": event.seq, "at": event.at, "cause": event.cause}
        body = event.body.decode("utf-8", "replace")
        return {"event": event.name, "version": event.version, **place, "unknown": True, "body": body}
    return dump(event)
