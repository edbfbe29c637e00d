"""``loopbus log export`` and ``loopbus log import``: runs out of one log and into another, as lines of JSON."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from ..stores import EventLog
from ..stores.transfer import export_run, export_session, import_run, import_session
from .output import write, write_utf8
from .run_ids import find_run
from .stores import StoreOption, on_log


def export(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="A run's id, or as much of it as tells it apart.")
    ] = None,
    store: StoreOption = None,
    session: Annotated[str | None, typer.Option(help="Every run of this session.")] = None,
) -> None:
    """Write a run, or all runs of a session, to stdout as lines of JSON, for `loopbus log import`."""
    if (run is None) == (session is None):
        raise typer.BadParameter("give either a run or --session", param_hint="RUN")

    async def lines(log: EventLog) -> AsyncGenerator[str, None]:
        if run is not None:
            return export_run(log, (await find_run(log, run)).run_id)
        if session not in {each.name for each in await log.sessions()}:
            raise typer.BadParameter(
                f"no session is called {session!r}; loopbus sessions lists them", param_hint="--session"
            )
        return export_session(log, session or "")

    async def copy(log: EventLog) -> None:
        async with aclosing(await lines(log)) as exported:
            async for line in exported:
                write_utf8(line)

    on_log(store, copy)


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What export wrote; - is stdin.", allow_dash=True, dir_okay=False)
    ],
    store: StoreOption = None,
    run_id: Annotated[
        str | None, typer.Option("--as", metavar="ID", help="The id of the copy of a single run.")
    ] = None,
) -> None:
    """Write exported runs into a log: all of them, after all of them were checked, or none. Prints their ids."""
    if str(file) != "-" and not file.is_file():
        raise typer.BadParameter(f"there is no file {str(file)!r}", param_hint="FILE")
    source = sys.stdin.fileno() if str(file) == "-" else file

    async def copy(log: EventLog) -> list[str]:
        return [await import_run(log, lines, run_id=run_id)] if run_id else await import_session(log, lines)

    # Bytes that are no UTF-8 become what the import refuses, naming the line.
    with open(source, encoding="utf-8", errors="surrogateescape", closefd=source is file) as lines:
        done = on_log(store, copy, make=True)
    for imported in done:
        write(f"{imported}\n")
