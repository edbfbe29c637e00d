"""JSON lines out of bytes, wherever they are cut."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.errors import Misunderstood
from loopbus.backends.wire.json_lines import JsonLinesReader

from ..cuts import cut_anywhere


def lines(*chunks: bytes) -> list[bytes]:
    """Every line of a stream that ends after ``chunks``."""
    reader = JsonLinesReader()
    return [line for chunk in chunks for line in reader.feed(chunk)] + reader.close()


def test_a_line_is_a_frame() -> None:
    """As soon as its line feed is there; a carriage return is JSON's own white space."""
    reader = JsonLinesReader()
    assert reader.feed(b'{"a":1}\n{"b"') == [b'{"a":1}']
    assert reader.feed(b":2}\r\n") == [b'{"b":2}\r']
    assert reader.close() == []


def test_blank_lines_are_left_out() -> None:
    """Some servers keep a connection alive with them."""
    assert lines(b"\n\r\n  \n1\n\n", b"\n2\n \n") == [b"1", b"2"]
    assert lines(b"1\n ") == [b"1"]


def test_the_last_line_needs_no_line_feed() -> None:
    """JSON says itself whether it is whole."""
    assert lines(b"1\n2") == [b"1", b"2"]


def test_nothing_is_handed_out_twice() -> None:
    """A reader that was closed is empty."""
    reader = JsonLinesReader()
    reader.feed(b"1")
    assert (reader.close(), reader.close()) == ([b"1"], [])


@pytest.mark.parametrize(
    "chunks", [[b"123456"], [b"123", b"456"], [b"123", b"456\n7"], [b"1\n123456\n"], [b"1\n123456"]]
)
def test_a_line_that_never_ends_is_refused(chunks: list[bytes]) -> None:
    """Memory is bounded, whether the line arrives at once or bit by bit."""
    reader = JsonLinesReader(max_frame_bytes=5)
    with pytest.raises(Misunderstood, match="longer than 5 bytes"):
        deque(map(reader.feed, chunks))


def test_many_short_lines_are_no_long_one() -> None:
    """A chunk may be longer than any line in it."""
    assert JsonLinesReader(max_frame_bytes=5).feed(b"12345\n" * 9) == [b"12345"] * 9


BODIES = st.lists(st.binary(max_size=6).map(lambda line: line.replace(b"\n", b"")), max_size=6).map(b"\n".join)


@given(BODIES.flatmap(cut_anywhere))
def test_the_same_lines_come_out_however_the_bytes_are_cut(chunks: list[bytes]) -> None:
    """Any bytes, any cuts."""
    assert lines(*chunks) == [line for line in b"".join(chunks).split(b"\n") if line.strip()]
