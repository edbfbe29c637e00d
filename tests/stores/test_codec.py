"""Events as data and back: the whole vocabulary, whatever is in it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from loopbus.bus import BadEvent, Event
from loopbus.events import ModelReplied, Text, ToolCall, ToolRequested
from loopbus.stores import Log, MemoryRows, OpaqueEvent, SqliteRows, StoreDamaged
from loopbus.stores.codec import batch_of, decode, encode, encode_all

from ..events.strategies import VOCABULARY, events
from .contract import read

DURABLE = [each for each in VOCABULARY if each.durable]


strange = OpaqueEvent(name="strange", version=2, body=b"[1]")


def sequel(drawn: list[Event]) -> list[Event]:
    """Any events as those of one run, in this order; what else they say stays."""
    return [event.model_copy(update={"run_id": "run", "seq": seq}) for seq, event in enumerate(drawn, 1)]


@pytest.mark.parametrize("event_class", DURABLE, ids=lambda each: each.event_name)
@settings(max_examples=15)
@given(data=st.data())
def test_every_event_comes_back(event_class: type[Event], data: st.DataObject) -> None:
    """F128: any JSON and any Unicode, U+0000, huge integers and the sign of zero included; equal in every type."""
    event = data.draw(events(event_class)).model_copy(update={"run_id": "run", "seq": 4})
    name, version, body = encode(event)
    json.loads(body)
    again = decode("run", 4, name, version, body)
    assert type(again) is event_class
    assert again == event
    assert repr(again) == repr(event)


@settings(max_examples=15)
@given(drawn=st.lists(st.one_of([events(each) for each in DURABLE]), min_size=1, max_size=5), large=st.integers(1, 40))
async def test_every_event_comes_back_from_every_store(
    drawn: list[Event], large: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """F128: the stores agree; with a small limit, most texts are kept apart from their events."""
    written = sequel(drawn)
    path = tmp_path_factory.mktemp("store") / "runs.db"
    digests: set[str] = set()
    for rows in (MemoryRows(), SqliteRows(path, survives="process-crash")):
        async with Log(rows, large_bytes=large) as log:
            await log.append(written)
            assert repr(await read(log, "run")) == repr(written)
            digests.add((await log.verify("run")).digest)
    assert len(digests) == 1


@settings(max_examples=25)
@given(drawn=st.lists(st.one_of([events(each) for each in DURABLE]) | st.just(strange), min_size=1, max_size=5))
def test_events_that_are_written_together_are_what_each_is_alone(drawn: list[Event]) -> None:
    """Byte for byte, whatever comes with what."""
    assert encode_all(drawn) == [encode(event) for event in drawn]


def test_an_event_may_say_what_stands_between_events() -> None:
    """In a text and as one of its values."""
    said: tuple[list[JsonValue], str] = (["the next event"] * 3, ',"the next event",')
    drawn = [ToolRequested(call_id="c", name="add", arguments={"said": each}) for each in said]
    assert [json.loads(body)["arguments"]["said"] for _, _, body in encode_all(drawn)] == [said[0], said[1]]


def nested(levels: int) -> Any:
    """A list in a list in a list ..."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [nested(199), 10**4_299, 10**6_000, -(10**6_000)], ids=["deep", "long", "huge", "-huge"]
)
def test_what_the_fast_parser_refuses_comes_back_too(value: Any) -> None:
    """An event that was accepted can always be read: nested to the limit, with integers of thousands of digits."""
    event = ModelReplied(run_id="r", seq=1, turn=1, content=(ToolCall("1", "x", {"value": value}),), stop="end")
    again = decode("r", 1, *encode(event))
    assert again == event


def test_a_body_does_not_say_where_it_stands() -> None:
    """Run and seq are the row's business, so that a row cannot contradict itself."""
    event = ToolRequested(run_id="run", seq=7, at=1.5, cause=6, call_id="c", name="add", arguments={})
    assert json.loads(encode(event)[2]) == {"at": 1.5, "cause": 6, "call_id": "c", "name": "add", "arguments": {}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"call_id":"c","name":"add"}', "arguments: Field required"),
        (b'{"call_id":"c","name":"add","arguments":{},"colour":1}', "colour: Extra inputs"),
        (b'{"call_id":"c","name":"add","arguments":{},"seq":9,"run_id":"other"}', "is event 9 of run other already"),
        (b'{"call_id":', "Expecting value"),
        (b"[1]", "Input should be an object"),
        (b"[" * 100_000, "they are nested too deeply"),
        (b"\xff", "can't decode"),
    ],
    ids=["missing", "extra", "place", "cut", "list", "deep", "bytes"],
)
def test_data_that_are_no_such_event_are_named(body: bytes, words: str) -> None:
    """Law 11: our error, with the run, the seq, the event and the field."""
    with pytest.raises(StoreDamaged, match="event 5 of run run is no ToolRequested version 1") as caught:
        decode("run", 5, "ToolRequested", 1, body)
    assert words in str(caught.value)
    assert (caught.value.run_id, caught.value.seq) == ("run", 5)


@pytest.mark.parametrize("name", ["os.system", "loopbus.events.tool.ToolRequested", "__import__('os')", "", "Event"])
def test_names_are_only_ever_looked_up(name: str) -> None:
    """F122: whatever a log says an event is called, nothing is imported: it is data that nobody here knows."""
    event = decode("run", 5, name, 1, b'{"at":1.5,"cause":4}')
    assert event == OpaqueEvent(
        run_id="run", seq=5, at=1.5, cause=4, name=name, version=1, body=b'{"at":1.5,"cause":4}'
    )
    assert encode(event) == (name, 1, b'{"at":1.5,"cause":4}')


@given(body=st.binary(max_size=60), version=st.integers(1, 2**62))
def test_an_unknown_event_is_kept_whatever_it_is(body: bytes, version: int) -> None:
    """Byte for byte, even where it is no JSON."""
    event = decode("run", 5, "strange", version, body)
    assert isinstance(event, OpaqueEvent)
    assert encode(event) == ("strange", version, body)


@settings(max_examples=30)
@given(bodies=st.lists(st.binary(max_size=30) | st.just(b'[[0,1,"00"]]\n{}'), min_size=1, max_size=4))
async def test_an_unknown_event_comes_back_from_a_log(bodies: list[bytes]) -> None:
    """Also one that looks like what a log puts in the place of large values."""
    log = Log(MemoryRows(), large_bytes=5)
    written = [
        OpaqueEvent(run_id="run", seq=seq, name="strange", version=1, body=body) for seq, body in enumerate(bodies, 1)
    ]
    await log.append(written)
    assert [encode(event)[2] for event in await read(log, "run")] == bodies
    assert (await log.verify("run")).events == len(bodies)


def test_a_known_name_of_an_unknown_version_is_kept() -> None:
    """A newer program's event is not read as if it were an older one."""
    event = decode("run", 5, "ToolRequested", 99, b"{}")
    assert isinstance(event, OpaqueEvent)
    assert event.version == 99


def test_what_does_not_fit_its_field_is_refused() -> None:
    """A copy is made without checks: what could not be read again is not written."""
    event = ToolRequested(run_id="run", seq=1, call_id="c", name="add", arguments={})
    with pytest.raises(BadEvent, match="ToolRequested of run 'run' cannot be written"):
        batch_of([event.model_copy(update={"name": 7})], 0)


def test_only_what_is_large_is_kept_apart() -> None:
    """A limit in bytes, of the text alone."""
    event = ModelReplied(run_id="run", seq=2, turn=1, content=(Text("x" * 100),), stop="end")
    assert not batch_of([event], 0, large=101).artifacts
    assert list(batch_of([event], 0, large=100).artifacts.values()) == [b"x" * 100]
