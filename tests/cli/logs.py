"""Files of logs, for commands to read."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from loopbus.events import Event
from loopbus.stores import open_log


def keep(folder: Path, *runs: Sequence[Event]) -> str:
    """Write runs to ``runs.db`` in a folder; the answer is its URL."""
    url = f"sqlite:///{folder / 'runs.db'}"

    async def write() -> None:
        async with open_log(url) as log:
            for events in runs:
                await log.append(events)

    asyncio.run(write())
    return url
