"""What a recorded turn is measured against records as much as the runtime does."""

import re
import sqlite3
from pathlib import Path

from benchmarks.durable_floor import Recorder, run
from benchmarks.turn_floor import add, scripted
from loopbus import Agent, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.stores import Log, MemoryRows


async def test_the_floor_of_a_recorded_turn_records_the_same_events(tmp_path: Path) -> None:
    """One row for each event of the runtime's log, in the same order, with a place and a time."""
    with Recorder(tmp_path / "floor.db") as recorder:
        messages = await run("floor", scripted(3), recorder)
    assert messages[-1]["content"] == "42"
    connection = sqlite3.connect(tmp_path / "floor.db")
    rows = connection.execute("SELECT seq, event ->> 'event', event ->> 'at' FROM log ORDER BY seq").fetchall()
    connection.close()

    replies = [call("add", a=17, b=1), call("add", a=17, b=2), text("42")]
    async with Runtime(store=Log(MemoryRows())) as runtime:
        ours = await runtime.start(Agent(Scripted(replies), tools=[tool(add)]), "What is 17 + 25?")
        await ours.result()
        names = [re.sub(r"(?<=.)([A-Z])", r"_\1", event.event_name).lower() for event in ours.log]
    assert [(seq, name) for seq, name, _ in rows] == list(enumerate(names, 1))
    assert all(at > 1_700_000_000 for _, _, at in rows)
