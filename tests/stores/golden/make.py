"""Writes the golden log of the schema as it is now: ``python -m tests.stores.golden.make`` at the repository's root.

It is done once for each schema that is released, and the files never change again: they stand for the logs that users
have. ``v1.db`` is a log with every durable event, eight times over with anything in its fields; ``v1.jsonl`` is what
those events said when they were written.
"""

import asyncio
import json
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loopbus.bus import Event, dump
from loopbus.bus.event import stamp
from loopbus.stores import Log, OpaqueEvent, SqliteRows
from loopbus.stores.sqlite.schema import MIGRATIONS

from ...events.strategies import VOCABULARY, events
from ..story import whole

HERE = Path(__file__).parent
RUN = "00c0ffee00c0ffee0000"
STRANGE = b'{"at":1.50,"cause":1,"from":"the future","odd":[1e2,"\\u0041"]}'
LARGE = 40
"""Bytes from which on a text is an artifact, so that a small file has some."""


def drawn() -> list[Event]:
    """The same eight of each durable event, whenever this is asked."""
    found: list[Event] = []

    @settings(
        derandomize=True,
        max_examples=8,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.tuples(*(events(each) for each in VOCABULARY if each.durable)))
    def collect(some: tuple[Event, ...]) -> None:
        found.extend(some)

    collect()
    return found


async def make(name: str) -> None:
    """Write both files."""
    written: list[Event] = []
    for event in drawn():
        fresh = event.model_copy(update={"run_id": "", "seq": 0})
        stamp(fresh, RUN, len(written) + 1, event.at, len(written))
        written.append(fresh)
    strange = OpaqueEvent(run_id=RUN, seq=len(written) + 1, name="shop.from_the_future", version=7, body=STRANGE)
    async with Log(SqliteRows(HERE / f"{name}.db"), large_bytes=LARGE) as log:
        await log.append([*written, strange])
        await log.append(whole("story", session="alice", key="req-42"))
    lines = (json.dumps(dump(event)) for event in written)
    (HERE / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    name = f"v{len(MIGRATIONS)}"
    if (HERE / f"{name}.db").exists():
        sys.exit(f"{name}.db was written when schema {len(MIGRATIONS)} was released, and stays as it is")
    asyncio.run(make(name))
