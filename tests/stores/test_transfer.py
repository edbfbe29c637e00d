"""Runs go from log to log as lines, whole and as they were, or not at all."""

import json
from collections.abc import AsyncIterable, Callable, Iterable

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.bus.data import event_class
from loopbus.events import Event
from loopbus.stores import (
    BadExport,
    KeyTaken,
    Log,
    MemoryRows,
    NoSuchRun,
    OpaqueEvent,
    WrongSeq,
    export_run,
    export_session,
    import_run,
    import_session,
)

from ..events.strategies import VOCABULARY, events
from .contract import ids, read
from .story import finished, moved, started, turn, whole

DURABLE = [each for each in VOCABULARY if each.durable]


def strange(seq: int, body: bytes, name: str = "shop.from_the_future") -> OpaqueEvent:
    """An event that nobody here knows."""
    return OpaqueEvent(run_id="run", seq=seq, name=name, version=7, body=body)


async def collect(lines: AsyncIterable[str]) -> list[str]:
    """All lines of an export."""
    return [line async for line in lines]


async def exported(*events: Event, large_bytes: int = 65_536) -> list[str]:
    """The lines of a run with these events."""
    log = Log(MemoryRows(), large_bytes=large_bytes)
    await log.append(events)
    return await collect(export_run(log, events[0].run_id))


@settings(max_examples=15)
@given(
    drawn=st.lists(st.one_of([events(each) for each in DURABLE]), min_size=1, max_size=3),
    bodies=st.lists(
        st.binary(max_size=20) | st.just(b"1e400") | st.just(b'{"a":"\\u0000\\ud800\xc2\x85"}'), max_size=2
    ),
    large=st.integers(1, 40),
)
async def test_every_run_comes_back(drawn: list[Event], bodies: list[bytes], large: int) -> None:
    """F128: any JSON and any Unicode, events that nobody knows byte for byte; the limit for large texts may differ."""
    written = [event.model_copy(update={"run_id": "run", "seq": seq}) for seq, event in enumerate(drawn, 1)]
    written += [strange(seq, body) for seq, body in enumerate(bodies, len(written) + 1)]
    lines = await exported(*written, large_bytes=large)
    assert all(line.count("\n") == 1 and json.loads(line.encode()) for line in lines)
    log = Log(MemoryRows())
    assert await import_run(log, lines) == "run"
    assert repr(await read(log, "run")) == repr(written)
    assert await collect(export_run(log, "run")) == lines


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"odd":[1.0,1e3,1e400,-0,"\\u0041"]}', "event"),
        (b'{"half":"\\ud800"}', "base64"),
        (b'{"odd":NaN}', "base64"),
        (b'{"n":%s}' % (b"9" * 4_000), "event"),
        (b"{\n}", "base64"),
        (b"", "base64"),
        (b"\xff", "base64"),
    ],
    ids=["json", "half", "nan", "huge", "two lines", "empty", "bytes"],
)
async def test_what_is_no_line_of_json_is_wrapped(body: bytes, field: str) -> None:
    """So that any tool can read the file line by line; it comes back byte for byte all the same."""
    lines = await exported(*started("run"), strange(2, body))
    assert f'"{field}":' in lines[2]
    log = Log(MemoryRows())
    await import_run(log, lines)
    (again,) = await read(log, "run", 1)
    assert isinstance(again, OpaqueEvent)
    assert again.body == body


async def test_a_header_says_what_comes() -> None:
    """The run, how many events, and the last one's digest: that of the log, where no text is kept apart."""
    log = Log(MemoryRows())
    await log.append(whole("run"))
    header, *lines = [json.loads(line) for line in await collect(export_run(log, "run"))]
    assert header == {"loopbus_run": 1, "run_id": "run", "events": 6, "digest": (await log.verify("run")).digest}
    assert [list(line) for line in lines] == [["seq", "name", "version", "digest", "event"]] * 6
    assert lines[-1]["digest"] == header["digest"]
    assert [line["name"] for line in lines] == [event.event_name for event in whole("run")]


EDITS: dict[str, tuple[Callable[[list[str]], object], int, str]] = {
    "body": (lambda lines: lines.__setitem__(3, lines[3].replace('"turn":1', '"turn":2')), 4, "does not follow"),
    "seq": (lambda lines: lines.__setitem__(3, lines[3].replace('"seq":3', '"seq":4')), 4, "as event 3 of run run"),
    "name": (lambda lines: lines.__setitem__(3, lines[3].replace("Model", "Mode1")), 4, "does not follow"),
    "digest": (lambda lines: lines.__setitem__(3, lines[3].replace('"digest":"', '"digest":"x')), 4, "the form"),
    "spaced out": (lambda lines: lines.__setitem__(3, json.dumps(json.loads(lines[3]))), 4, "the form"),
    "cut off": (lambda lines: lines.__setitem__(6, lines[6][:-20]), 7, "line 7 is not what was exported"),
    "last missing": (lambda lines: lines.pop(), 7, "line 7 is missing: run run has 6 events"),
    "one missing": (lambda lines: lines.pop(3), 4, "as event 3 of run run"),
    "one twice": (lambda lines: lines.insert(3, lines[3]), 5, "as event 4 of run run"),
    "empty line": (lambda lines: lines.insert(3, "\n"), 4, "the form"),
    "one too many": (lambda lines: lines.append(lines[-1]), 8, "behind the one run that was due"),
    "nothing": (list[str].clear, 1, "line 1 is missing"),
    "no header": (lambda lines: lines.pop(0), 1, "no header of a run: loopbus_run: Field required"),
    "no JSON": (lambda lines: lines.__setitem__(0, "hello"), 1, "no header of a run: Invalid JSON"),
    "other run": (lambda lines: lines.__setitem__(0, lines[0].replace('"run"', '"other"')), 2, "does not follow"),
    "fewer events": (lambda lines: (lines.__setitem__(0, lines[0].replace("6", "5", 1)), lines.pop()), 1, "digest"),
    "no events": (lambda lines: lines.__setitem__(0, lines[0].replace('"events":6', '"events":0')), 1, "events: "),
    "later format": (lambda lines: lines.__setitem__(0, lines[0].replace("1", "2", 1)), 1, "upgrade loopbus"),
    "half a pair": (lambda lines: lines.__setitem__(3, lines[3].replace('"m"', '"\ud800"')), 4, "UTF-8"),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_an_edited_or_cut_file_is_refused(edit: str) -> None:
    """The first line that is wrong is named, and nothing is written."""
    lines = await exported(*whole("run"))
    change, number, words = EDITS[edit]
    change(lines)
    log = Log(MemoryRows())
    with pytest.raises(BadExport, match=words) as caught:
        await import_run(log, lines)
    assert caught.value.line == number
    assert await log.runs() == []


@settings(max_examples=60)
@given(data=st.data())
async def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    """Whatever is changed where: it is refused, or it was no change."""
    lines = "".join(await exported(*whole("run"), strange(7, b"\xff\n")))
    place, put = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.sampled_from('09af"{}:,\n x'))
    edited = lines[:place] + put + lines[place + 1 :]
    log = Log(MemoryRows())
    try:
        await import_run(log, edited.splitlines(keepends=True))
    except BadExport:
        assert await log.runs() == []
    else:
        assert await collect(export_run(log, "run")) == lines.splitlines(keepends=True)


async def test_an_event_that_is_none_is_refused() -> None:
    """A line that fits the chain, of a program whose events have other fields."""
    lines = await exported(*started("run"), strange(2, b'{"at":1.0,"colour":1}', name="TurnStarted"))
    lines = [line.replace('"version":7', '"version":1') for line in lines]
    assert event_class("TurnStarted", 1)
    with pytest.raises(BadExport, match="line 3"):
        await import_run(Log(MemoryRows()), lines)


async def test_a_copy_has_an_id_of_its_own_and_no_key() -> None:
    """It can stand beside its source; under one id or one key there is but one run."""
    log = Log(MemoryRows())
    await log.append(whole("run", session="alice", key="req-1"))
    lines = await collect(export_run(log, "run"))
    assert await import_run(log, lines, run_id="copy") == "copy"
    copy, run = await log.runs()
    assert (copy.run_id, copy.session, copy.key, copy.status) == ("copy", "alice", None, "completed")
    assert moved("copy", (await read(log, "run"))[1:]) == await read(log, "copy", 1)
    with pytest.raises(WrongSeq):
        await import_run(log, lines, run_id="run")
    await log.delete("run")
    await log.append(started("other", key=run.key))
    with pytest.raises(KeyTaken):
        await import_run(log, lines)


async def test_a_fork_is_exported_as_a_run_of_its_own() -> None:
    """With its own session and no key, so that it can stand beside its source in another log."""
    log, other = Log(MemoryRows()), Log(MemoryRows())
    await log.append(whole("run", session="alice", key="req-1"))
    await log.fork("run", "fork", at=4, session="bob")
    await log.append(finished("fork", 5))
    for run_id in ("run", "fork"):
        await import_run(other, await collect(export_run(log, run_id)))
    fork = await other.info("fork")
    assert (fork.session, fork.key, fork.source, fork.seq) == ("bob", None, None, 5)
    assert (await read(other, "fork", 1)) == (await read(log, "fork", 1))


async def test_a_run_that_goes_on_is_exported_as_it_was() -> None:
    """The header's word holds, whatever is appended on the way."""
    log = Log(MemoryRows())
    await log.append(started("run"))
    lines = export_run(log, "run")
    header = await anext(lines)
    await log.append(turn("run", 2))
    rest = await collect(lines)
    assert len(rest) == 1
    assert await import_run(Log(MemoryRows()), [header, *rest]) == "run"


async def test_what_is_not_there_is_not_exported() -> None:
    """A run is missed by name; a session without runs has no lines."""
    log = Log(MemoryRows())
    with pytest.raises(NoSuchRun):
        await collect(export_run(log, "nobody"))
    assert await collect(export_session(log, "nobody")) == []
    assert await import_session(log, []) == []


async def session_of(*run_ids: str) -> list[str]:
    """The lines of a session."""
    log = Log(MemoryRows())
    for run_id in run_ids:
        await log.append(whole(run_id, session="alice"))
    await log.append(whole("other", session="bob"))
    return await collect(export_session(log, "alice"))


async def again(lines: Iterable[str]) -> AsyncIterable[str]:
    """Lines as a request's body gives them."""
    for line in lines:
        yield line


async def test_the_loop_turns_while_lines_are_checked() -> None:
    """Law 4: a long import from memory lets others have their turns."""
    lines, turns = await session_of(*(f"r{number}" for number in range(40))), 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(count)
        with pytest.raises(BadExport):
            await import_session(Log(MemoryRows()), [*lines, "no header"])
        group.cancel_scope.cancel()
    assert turns >= len(lines) // 64


async def test_a_session_goes_over_in_order() -> None:
    """All of its runs, more than a page of a list has, and nobody else's."""
    names = [f"r{number}" for number in range(120)]
    log = Log(MemoryRows())
    assert await import_session(log, again(await session_of(*names))) == names
    assert await ids(log, limit=500) == names[::-1]
    assert await read(log, "r7") == whole("r7", session="alice")
    assert [each.name for each in await log.sessions()] == ["alice"]


async def test_a_session_goes_over_whole_or_not_at_all() -> None:
    """A line that is wrong in the last run, or a run that is there already, leaves the log as it was."""
    lines = await session_of("one", "two")
    log = Log(MemoryRows())
    with pytest.raises(BadExport, match="line 14 is missing: run two has 6 events"):
        await import_session(log, lines[:-1])
    await log.append(whole("two"))
    with pytest.raises(WrongSeq):
        await import_session(log, lines)
    assert await ids(log) == ["two"]
