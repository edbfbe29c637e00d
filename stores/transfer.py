"""Runs out of one log and into another, as lines of JSON."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import NamedTuple

import anyio
from anyio.lowlevel import checkpoint

from ..bus.event import Event
from ..events.run import RunStarted
from .chain import genesis, link
from .codec import encode
from .contract import EventLog, RunInfo
from .errors import BadExport, LeaseLost, WrongSeq
from .lines import Line, event_line, header_line, read_event, read_header
from .rows import Row

Lines = AsyncIterable[str] | Iterable[str]
"""What an export gives, or a text file that is open."""

_BREATH = 64
"""Lines after which somebody else has a turn."""
_UNDO_S = 30.0


class _Copy(NamedTuple):
    run_id: str
    events: list[Event]


async def export_run(log: EventLog, run_id: str) -> AsyncGenerator[str, None]:
    """A run as lines, each with its line end: the events that it has now, also if it goes on.

    Its first event says the agent, the session and the key that the log has for the run, so a fork is exported as a run
    of its own. Events are brought up to date; those that nobody here knows are left as they are.

    :raises NoSuchRun: the log has no such run.
    :raises StoreDamaged: an event is not what was written.
    """
    info, digest = await log.info(run_id), b""
    # The header says how the lines end, so that half of a file is never taken for all of it.
    async with aclosing(_rows(log, info)) as rows:
        async for row in rows:
            digest = row.digest
    yield header_line(run_id, info.seq, digest)
    async with aclosing(_rows(log, info)) as rows:
        async for row in rows:
            yield event_line(row)


async def export_session(log: EventLog, name: str) -> AsyncGenerator[str, None]:
    """Every run of a session as lines, in the order in which they began; none where there is no such session."""
    run_ids: list[str] = []
    before: int | None = None
    while infos := await log.runs(session=name, before=before):
        run_ids += [info.run_id for info in infos]
        before = infos[-1].place
    for run_id in reversed(run_ids):
        async with aclosing(export_run(log, run_id)) as lines:
            async for line in lines:
                yield line


async def import_run(log: EventLog, lines: Lines, *, run_id: str | None = None) -> str:
    """Write an exported run into a log: all of it, after all of it was checked, or nothing. The answer is its id.

    Under another ``run_id`` than its own it is a copy, which has no key. The run is held in memory until it is written.

    :raises BadExport: the lines are not those of one whole run as it was exported; names the first that is wrong.
    :raises WrongSeq: the log has a run of this id.
    :raises KeyTaken: the run's key belongs to another run.
    """
    async with aclosing(_numbered(lines)) as numbered:
        copy = await _next_run(numbered)
        if copy is None:
            raise BadExport("line 1 is missing: an export begins with a run's header", 1)
        async for line in numbered:
            raise BadExport(f"line {line.number} comes behind the one run that was due", line.number)
    if run_id is not None and run_id != copy.run_id:
        copy = _Copy(run_id, [_as_copy(event, run_id) for event in copy.events])
    await _write(log, copy)
    return copy.run_id


async def import_session(log: EventLog, lines: Lines) -> list[str]:
    """Write exported runs into a log, after all were checked; if one is refused, none stays. The answer is their ids.

    A process that dies on the way leaves those that it has written, each of them whole.

    :raises BadExport: the lines are not those of whole runs as they were exported; names the first that is wrong.
    :raises WrongSeq: the log has a run of one of these ids.
    :raises KeyTaken: a run's key belongs to another run.
    """
    copies: list[_Copy] = []
    async with aclosing(_numbered(lines)) as numbered:
        while (copy := await _next_run(numbered)) is not None:
            copies.append(copy)
    written: list[str] = []
    try:
        for copy in copies:
            await _write(log, copy)
            written.append(copy.run_id)
    except BaseException:
        with anyio.move_on_after(_UNDO_S, shield=True):
            for run_id in written:
                await log.delete(run_id)
        raise
    return written


async def _write(log: EventLog, copy: _Copy) -> None:
    try:
        await log.append(copy.events)
    except (WrongSeq, LeaseLost) as error:
        # A run that was driven here has had a lease, and is refused for that before its events are looked at.
        raise WrongSeq(
            f"run {copy.run_id} is in this store already, so nothing was imported; delete it first, or import a copy "
            "under another id",
            run_id=copy.run_id, seq=1, expected=(await log.info(copy.run_id)).seq + 1,
        ) from error  # fmt: skip


async def _rows(log: EventLog, info: RunInfo) -> AsyncGenerator[Row, None]:
    """The events of a run up to the end that it had, chained as whole texts: a log chains what it has of large ones."""
    digest = genesis(info.run_id)
    async with aclosing(log.read(info.run_id)) as events:
        async for event in events:
            if event.seq == 1 and isinstance(event, RunStarted):
                event = event.model_copy(update={"agent": info.agent, "session": info.session, "key": info.key})
            name, version, body = encode(event)
            digest = link(digest, name, version, body)
            yield Row(event.seq, name, version, body, digest)
            if event.seq == info.seq:
                return


async def _next_run(numbered: AsyncGenerator[Line, None]) -> _Copy | None:
    """The next run, checked as a whole; None where there are no further lines."""
    first = await anext(numbered, None)
    if first is None:
        return None
    header = read_header(first)
    events: list[Event] = []
    digest = genesis(header.run_id)
    for seq in range(1, header.events + 1):
        line = await anext(numbered, None)
        if line is None:
            due = first.number + seq
            raise BadExport(f"line {due} is missing: run {header.run_id} has {header.events} events", due)
        event, digest = read_event(line, header.run_id, seq, digest)
        events.append(event)
    if digest.hex() != header.digest:
        raise BadExport(f"line {first.number} is not what was exported: its run has another digest", first.number)
    return _Copy(header.run_id, events)


async def _numbered(lines: Lines) -> AsyncGenerator[Line, None]:
    number = 0
    async for line in _each(lines):
        number += 1
        if number % _BREATH == 0:
            await checkpoint()
        try:
            yield Line(number, line.rstrip("\r\n").encode())
        except UnicodeEncodeError as error:
            raise BadExport(f"line {number} cannot be written as UTF-8: {error}", number) from None


async def _each(lines: Lines) -> AsyncGenerator[str, None]:
    if isinstance(lines, AsyncIterable):
        async for line in lines:
            yield line
    else:
        for line in lines:
            yield line


def _as_copy(event: Event, run_id: str) -> Event:
    keyless = {"key": None} if event.seq == 1 and isinstance(event, RunStarted) else {}
    return event.model_copy(update={"run_id": run_id, **keyless})
