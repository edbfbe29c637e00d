"""A forest of runs that are begun, forked, written, deleted and expired, beside a model that copies everything."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from loopbus.events import Event
from loopbus.stores import EventLog

from .contract import read
from .story import AT, finished, moved, started, turn

SESSIONS = ("alice", "bob")
LARGE = 20
"""Bytes from which on a text is kept apart here, so that every turn has some."""


class Step(NamedTuple):
    """One thing to do, to the run and the place that two numbers pick."""

    verb: str
    one: int
    two: int


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from(
            ["begin", "fork", "fork", "fork", "write", "write", "end", "delete", "delete", "clear", "expire"]
        ),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=25,
)


def large(two: int) -> str:
    """One of seven long texts."""
    return f"{two % 7} is no small number"


class Forest:
    """Does each step to a log, and to lists of events."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._begun = 0
        self.runs: dict[str, list[Event]] = {}
        self._sessions: dict[str, str | None] = {}

    async def take(self, steps: Sequence[Step]) -> None:
        """Take all steps."""
        for verb, one, two in steps:
            names = list(self.runs)
            if verb == "begin" or not names:
                await self._append(started(self._new(two), session=self._sessions[f"r{self._begun}"]))
            else:
                await getattr(self, f"_{verb}")(names[one % len(names)], two)

    async def check(self) -> None:
        """Every run that is left reads as the model says, from anywhere, and is proved; no other is there.

        A source is one of those that are left, and has the same events up to where the fork says.
        """
        infos = {info.run_id: info for info in await self._log.runs()}
        assert set(infos) == set(self.runs)
        for run_id, info in infos.items():
            if info.source is not None:
                assert info.at >= 1
                assert moved(run_id, self.runs[info.source][: info.at]) == self.runs[run_id][: info.at]
        for run_id, events in self.runs.items():
            for after in (0, len(events) // 2, len(events) - 1):
                assert await read(self._log, run_id, after) == events[after:]
            assert (await self._log.verify(run_id)).events == len(events)

    async def _fork(self, source: str, two: int) -> None:
        at, run_id = 1 + two % len(self.runs[source]), self._new(two)
        await self._log.fork(source, run_id, at=at, session=self._sessions[run_id])
        self.runs[run_id] = moved(run_id, self.runs[source][:at])

    async def _write(self, run_id: str, two: int) -> None:
        await self._append(turn(run_id, len(self.runs[run_id]) + 1, said=large(two)))

    async def _end(self, run_id: str, two: int) -> None:
        await self._append(finished(run_id, len(self.runs[run_id]) + 1, at=AT + two))

    async def _delete(self, run_id: str, _: int) -> None:
        assert await self._log.delete(run_id)
        del self.runs[run_id]

    async def _clear(self, _: str, two: int) -> None:
        name = SESSIONS[two % len(SESSIONS)]
        gone = [run_id for run_id in self.runs if self._sessions[run_id] == name]
        assert await self._log.delete_session(name) == len(gone)
        for run_id in gone:
            del self.runs[run_id]

    async def _expire(self, _: str, two: int) -> None:
        ended = [(info.ended_at, info.run_id) for info in await self._log.runs() if info.ended_at is not None]
        gone = [run_id for ended_at, run_id in ended if ended_at < AT + two]
        assert await self._log.expire(ended_before=AT + two) == len(gone)
        for run_id in gone:
            del self.runs[run_id]

    async def _append(self, events: Sequence[Event]) -> None:
        await self._log.append(events)
        self.runs.setdefault(events[0].run_id, []).extend(events)

    def _new(self, two: int) -> str:
        self._begun += 1
        self._sessions[f"r{self._begun}"] = (None, *SESSIONS)[two % 3]
        return f"r{self._begun}"
