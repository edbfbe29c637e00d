"""The floor of a recorded turn: the loop by hand, which writes what it does to a table, and waits for the disk.

It records what a run that is to survive its process has to: that the model is asked, its reply, the call, that its tool
starts, its result, the ends and beginnings of turns, each as JSON with a place and a time. It waits for the disk before
a tool begins and at the end. What many runs write at once shares a commit, in a thread of its own. It has no
codec, no chain, no leases, no idea of how to go on.
"""

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, Self

from .turn_floor import TOOLS, Messages, Model


class Writing(NamedTuple):
    """Rows that somebody waits for."""

    rows: list[tuple[str, int, str]]
    done: "asyncio.Future[None]"


class Recorder:
    """A table of JSON, written by one thread, synced at each commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: SimpleQueue[Writing | None] = SimpleQueue()
        self._thread = Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    async def append(self, rows: list[tuple[str, int, str]]) -> None:
        """Write rows, and wait until they are on the disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(Writing(rows, done))
        await done

    def _write(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE log (run_id TEXT, seq INTEGER, event TEXT, PRIMARY KEY (run_id, seq)) WITHOUT ROWID"
        )
        while (writing := self._queue.get()) is not None:
            batch = [writing]
            while not self._queue.empty() and (more := self._queue.get()) is not None:
                batch.append(more)
            connection.execute("BEGIN IMMEDIATE")
            for each in batch:
                connection.executemany("INSERT INTO log VALUES (?, ?, ?)", each.rows)
            connection.execute("COMMIT")
            loop = batch[0].done.get_loop()
            loop.call_soon_threadsafe(_resolve, batch)
        connection.close()


def _resolve(batch: list[Writing]) -> None:
    for each in batch:
        each.done.set_result(None)


class Rows:
    """What one run has to write."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._seq = 0
        self._rows: list[tuple[str, int, str]] = []

    def add(self, event: str, **fields: Any) -> None:
        """Note that something happened."""
        self._seq += 1
        record = {"run_id": self._run_id, "seq": self._seq, "at": time.time(), "event": event, **fields}
        self._rows.append((self._run_id, self._seq, json.dumps(record)))

    def take(self) -> list[tuple[str, int, str]]:
        """What is to be written now."""
        rows, self._rows = self._rows, []
        return rows


async def run(run_id: str, model: Model, recorder: Recorder) -> Messages:
    """Run to the model's answer and return the conversation."""
    messages: Messages = [{"role": "user", "content": "What is 17 + 25?"}]
    rows, turn = Rows(run_id), 0
    rows.add("run_started", prompt=messages[0])
    while True:
        turn += 1
        rows.add("turn_started", turn=turn)
        rows.add("model_requested", turn=turn, messages=len(messages))
        reply = await model(messages)
        messages.append(reply)
        rows.add("model_replied", turn=turn, reply=reply)
        for call in reply.get("tool_calls", ()):
            function = call["function"]
            tool = TOOLS[function["name"]]
            arguments = tool.arguments.model_validate_json(function["arguments"])
            rows.add("tool_requested", call_id=call["id"], name=function["name"], arguments=arguments.__dict__)
            rows.add("tool_started", call_id=call["id"], name=function["name"])
            await recorder.append(rows.take())
            result = await tool.function(**arguments.__dict__)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})
            rows.add("tool_finished", call_id=call["id"], name=function["name"], output=messages[-1]["content"])
        rows.add("turn_finished", turn=turn)
        if not reply.get("tool_calls"):
            rows.add("run_finished", output=reply["content"])
            await recorder.append(rows.take())
            return messages
