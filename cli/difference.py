"""``loopbus log diff``: what happened in only one of two runs."""

import sys

import typer

from ..bus.event import Event
from ..handlers.printable import printable
from ..runtime.replaying.difference import difference, difference_lines
from ..stores import EventLog
from .ink import Ink
from .options import RunArgument
from .output import write
from .recorded import read_run
from .stores import StoreOption, on_log

DIFFERENT = 1
_STYLES = {"-": "red", "+": "green", "@": "cyan"}


def diff(one: RunArgument, other: RunArgument, store: StoreOption = None) -> None:
    """Show what happened in only one of two runs, such as a run and its fork. Ids of runs and times do not count.

    `-` is what only the first one has, `+` what only the second one has.

    Exit codes: 0 nothing differs, 1 something does.
    """

    async def read(log: EventLog) -> tuple[list[Event], list[Event]]:
        return await read_run(log, one), await read_run(log, other)

    left, right = on_log(store, read)
    found = difference(left, right)
    ink = Ink(sys.stdout)
    for line in difference_lines(found, left[0].run_id, right[0].run_id):
        write(ink.painted(printable(line), _STYLES.get(line[0], "")), styled=True)
    raise typer.Exit(0 if found.same else DIFFERENT)
