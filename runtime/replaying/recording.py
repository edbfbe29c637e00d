"""A run's log as a file, which is executed again in a test."""

from collections.abc import Collection, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from ...bus.event import Event
from ...handlers.limits import Limits
from ...stores.log import Log
from ...stores.memory import MemoryRows
from ...stores.transfer import export_run, import_run
from ..default import run_in_new_loop
from ..result import RunResult
from ..spec import AgentSpec
from .replay import replay_events


def replay_recording(
    agent: AgentSpec[Any],
    path: str | PathLike[str],
    *,
    judged: Collection[type[Event]] = (),
    deps: Any = None,
    limits: Limits | None = None,
) -> RunResult[Any] | None:
    """Execute a recorded run again, in a test: nothing is done, and all that the code decides must be as recorded.

    See ``Runtime.replay``. ``judged`` are the kinds of events that policies have changed or answered in the run.

    :raises ReplayMismatch: the code goes another way; names the first event that differs and shows a diff.
    :raises BadExport: the file is no recording of one run; names the line.
    :raises InsideLoop: an event loop runs here already; call it from a test that is no coroutine.
    """
    with Path(path).open(encoding="utf-8", newline="\n") as file:
        lines = list(file)

    async def replay() -> RunResult[Any] | None:
        return await replay_events(agent, await recorded(lines), judged=judged, deps=deps, limits=limits)

    return run_in_new_loop(replay, "replay_recording()", "call it from a test that is no coroutine")


async def recording(events: Sequence[Event]) -> list[str]:
    """The lines of a recording: those of an export."""
    log = Log(MemoryRows())
    await log.append(events)
    return [line async for line in export_run(log, events[0].run_id)]


async def recorded(lines: Iterable[str]) -> list[Event]:
    """The log that is recorded in lines, older versions of its events brought up to date.

    :raises BadExport: they are not those of one whole run; names the first that is wrong.
    """
    log = Log(MemoryRows())
    run_id = await import_run(log, lines)
    return [event async for event in log.read(run_id)]
