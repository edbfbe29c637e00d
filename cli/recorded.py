"""Reads a run of a log as a whole."""

from contextlib import aclosing

from ..bus.event import Event
from ..stores import EventLog
from .run_ids import find_run


async def read_run(log: EventLog, given: str) -> list[Event]:
    """Every event of the run whose id begins so.

    :raises NoSuchRun: there is none.
    :raises AmbiguousRun: there are several.
    """
    info = await find_run(log, given)
    async with aclosing(log.read(info.run_id)) as events:
        return [event async for event in events]
