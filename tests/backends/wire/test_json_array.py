"""Elements of a streamed JSON array: wherever the bytes are cut, whatever stands between them."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopbus.backends.errors import Misunderstood
from loopbus.backends.wire.json_array import JsonArrayReader

from ..cuts import cut_anywhere
from .test_objects import JSON

OBJECTS = st.lists(st.dictionaries(st.text(), JSON), max_size=4)
BETWEEN = st.sampled_from([",", "\n,\r\n", " , "])


def elements(*chunks: bytes) -> list[bytes]:
    """The frames of a stream that ends after ``chunks``."""
    reader = JsonArrayReader()
    return [frame.data for chunk in chunks for frame in reader.feed(chunk)] + [frame.data for frame in reader.close()]


def test_an_element_is_there_as_soon_as_its_last_byte_is() -> None:
    """Not only once the next one begins: that may take a while."""
    reader = JsonArrayReader()
    assert reader.feed(b'[{"a": 1') == []
    assert [frame.data for frame in reader.feed(b"}")] == [b'{"a": 1}']
    assert [frame.data for frame in reader.feed(b'\n,\r\n{"b": 2}')] == [b'{"b": 2}']
    assert reader.feed(b"]") == []


@given(st.data(), OBJECTS, BETWEEN, st.sampled_from([None, 1]))
def test_however_the_bytes_are_cut_the_elements_are_the_same(
    data: st.DataObject, values: list[dict[str, Any]], between: str, indent: int | None
) -> None:
    """Inside a character, an escape, a bracket inside a text: each element comes once and in order."""
    stream = "[" + between.join(json.dumps(value, indent=indent, ensure_ascii=False) for value in values) + "\n]\n"
    found = elements(*data.draw(cut_anywhere(stream.encode("utf-8", "surrogatepass"))))
    assert [json.loads(each.decode("utf-8", "surrogatepass")) for each in found] == values


@pytest.mark.parametrize("text", ["}", "]", '"', "\\", '\\"}', "{[", "\u2028"])
def test_what_stands_in_a_text_ends_nothing(text: str) -> None:
    """Brackets, quotes and backslashes there are letters like any other."""
    stream = json.dumps([{"a": text}, {text: [{}]}]).encode()
    assert [json.loads(each) for each in elements(*(stream[at : at + 1] for at in range(len(stream))))] == [
        {"a": text},
        {text: [{}]},
    ]


def test_two_elements_in_one_chunk_are_two() -> None:
    """The quick way for a chunk that is one element does not take them for one."""
    reader = JsonArrayReader()
    reader.feed(b"[")
    assert [frame.data for frame in reader.feed(b'{"a": []},{"b": 1}')] == [b'{"a": []}', b'{"b": 1}']
    assert [frame.data for frame in reader.feed(b',{"a": "\\ud800"}')] == [b'{"a": "\\ud800"}']


def test_an_object_outside_an_array_is_a_frame_too() -> None:
    """An error stands where the array should."""
    assert elements(b'\n{"error": {}}', b" {}[{}]") == [b'{"error": {}}', b"{}", b"{}"]


def test_half_an_element_is_none() -> None:
    """It could not be read, so it is not handed out."""
    assert elements(b'[{"a": 1}, {"b"') == [b'{"a": 1}']


def test_a_bracket_that_closes_nothing_is_misunderstood() -> None:
    """It is no JSON any more."""
    with pytest.raises(Misunderstood, match="never open"):
        elements(b"[{}]]")


@pytest.mark.parametrize("begin", [b'[{"a": "', b'[{"a": [', b'["'])
def test_an_element_without_end_is_misunderstood(begin: bytes) -> None:
    """Memory is bounded, in a text and out of one, one byte at a time or all at once."""
    slow, quick = JsonArrayReader(max_frame_bytes=100), JsonArrayReader(max_frame_bytes=5)
    with pytest.raises(Misunderstood, match="longer than 100 bytes"):
        any(slow.feed(chunk) for chunk in (begin, *[b"1"] * 200))
    quick.feed(b"[")
    with pytest.raises(Misunderstood, match="longer than 5 bytes"):
        quick.feed(b'{"a": 1}')
    with pytest.raises(Misunderstood, match="longer than 5 bytes"):
        JsonArrayReader(max_frame_bytes=5).feed(b'[{"a": 1}, {}]')


@given(st.binary())
@example(b'[{"')
@example(b"[5, true]")
def test_any_bytes_are_frames_or_misunderstood(data: bytes) -> None:
    """Nothing else is raised, whatever comes."""
    with suppress(Misunderstood):
        elements(data)
