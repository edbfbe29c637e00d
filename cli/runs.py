"""``loopbus runs`` and ``loopbus sessions``: what a log holds, the latest first."""

import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from ..events.run import RunSuspended
from ..handlers.observers.terminal.progress import shown
from ..stores import EventLog, RunInfo
from .output import write, write_json
from .run_ids import every_run, short_ids
from .stores import StoreOption, on_log
from .tables import as_table

RUN_HEADS = ("Run", "Status", "Agent", "Session", "Started", "Events")
SESSION_HEADS = ("Session", "Runs", "Latest run", "Started")


@dataclass(frozen=True, slots=True)
class Listed:
    """A run of the list: what the log knows of it, and whom it waits for if it is suspended."""

    info: RunInfo
    suspended: bool
    waiting: tuple[str, ...]

    @property
    def status(self) -> str:
        """How the run ended, or where it stands."""
        if self.waiting:
            return f"waits for {', '.join(self.waiting)}"
        return self.info.status or ("suspended" if self.suspended else "unfinished")


def runs(
    store: StoreOption = None,
    session: Annotated[str | None, typer.Option(help="Only the runs of this session.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only the runs of this agent.")] = None,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Only the runs that have no end yet.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, of the latest.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each run.")] = False,
) -> None:
    """List the runs of a log, the latest first: how each ended, or which decision it waits for."""

    async def collect(log: EventLog) -> list[Listed]:
        infos = every_run(log, session=session, agent=agent, unfinished=unfinished)
        return await _collect(log, infos, limit)

    listed = on_log(store, collect)
    if as_json:
        for each in listed:
            write_json(asdict(each.info) | {"suspended": each.suspended, "waiting": each.waiting})
    else:
        write(_runs_table(listed))


def sessions(
    store: StoreOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each session.")] = False,
) -> None:
    """List the sessions of a log, the one with the latest run first."""
    listed = on_log(store, lambda log: log.sessions())
    if as_json:
        for each in listed:
            write_json(asdict(each))
    else:
        ids = _shown_ids([each.latest for each in listed])
        rows = ((shown(each.name), f"{each.runs:,}", ids[each.latest], moment(each.started_at)) for each in listed)
        write(as_table(SESSION_HEADS, rows))


def moment(seconds: float) -> str:
    """A time of the clock as people here write it, from seconds since the epoch."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


async def _collect(log: EventLog, infos: AsyncGenerator[RunInfo, None], limit: int) -> list[Listed]:
    listed: list[Listed] = []
    async with aclosing(infos):
        async for info in infos:
            listed.append(await _listed(log, info))
            if len(listed) == limit:
                break
    return listed


async def _listed(log: EventLog, info: RunInfo) -> Listed:
    """Of a run without an end, the last event says where it stands."""
    if info.status is None and info.seq:
        async with aclosing(log.read(info.run_id, after=info.seq - 1)) as events:
            async for event in events:
                if isinstance(event, RunSuspended):
                    return Listed(info, suspended=True, waiting=event.waiting)
                break
    return Listed(info, suspended=False, waiting=())


def _runs_table(listed: list[Listed]) -> str:
    ids = _shown_ids([each.info.run_id for each in listed])
    return as_table(RUN_HEADS, (_run_row(each, ids[each.info.run_id]) for each in listed))


def _run_row(each: Listed, run_id: str) -> tuple[str, ...]:
    info = each.info
    words = (run_id, shown(each.status), shown(info.agent, 64), shown(info.session or "", 64))
    return (*words, moment(info.started_at), f"{info.seq:,}")


def _shown_ids(ids: list[str]) -> dict[str, str]:
    """Short on a terminal; whole in a pipe, where a program reads them."""
    return short_ids(ids) if sys.stdout.isatty() else dict(zip(ids, ids, strict=True))
