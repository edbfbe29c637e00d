"""Server-sent events: the standard's rules, on bytes, however they are cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopbus.backends.errors import Misunderstood
from loopbus.backends.wire.sse import Frame, SseReader

from ..cuts import cut_anywhere

FIELDS = rb"""data: x|data:x|data:  two spaces|data|data:|data: {"a": 1}|data: [DONE]|: ping|event: error|event|id: 7"""
LINES = st.sampled_from([*FIELDS.split(b"|"), b"data: \xe2\x80\xa8 \xc2\x85 \xc3\xa9", b"", b"", b""])
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS)).map(lambda lines: b"".join(line + end for line, end in lines))


def frames_of(*chunks: bytes) -> list[Frame]:
    """Every frame of a stream that ends properly."""
    reader = SseReader()
    return [frame for chunk in chunks for frame in reader.feed(chunk)]


def by_the_standard(stream: bytes) -> list[Frame]:
    """The rules read off the standard, line by line, with the whole stream at hand."""
    frames: list[Frame] = []
    data: list[bytes] = []
    event = b""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for line in text.split(b"\n")[:-1]:
        if not line:
            if data:
                frames.append(Frame(b"\n".join(data), event))
            data, event = [], b""
            continue
        name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
    return frames


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_in_any_of_three_ways(end: bytes) -> None:
    """LF, CRLF and CR are line ends, and a blank line ends an event."""
    assert frames_of(b"data: a" + end + end + b"data: b" + end + end) == [Frame(b"a"), Frame(b"b")]


EVENT_LINES = st.sampled_from([*FIELDS.split(b"|"), b"event: data: x", b"event: ", b"data: data: x", b"xdata: y"])


@given(st.lists(st.lists(EVENT_LINES, min_size=1, max_size=3).map(lambda lines: b"\n".join(lines) + b"\n\n")))
@example([b"data: x\n\n", b"event: error\ndata: x\n\n"])
def test_events_that_arrive_one_by_one_are_the_same_frames(events: list[bytes]) -> None:
    """As most servers send them: a chunk for each, of one line or of a name and a line, or of other lines."""
    assert frames_of(*events) == by_the_standard(b"".join(events))


def test_data_on_several_lines_is_one_frame() -> None:
    """The lines are joined by LF; the event's name stands beside them, wherever its line stood."""
    assert frames_of(b"data: a\nevent: tick\ndata:b\n\n") == [Frame(b"a\nb", b"tick")]


def test_comments_and_other_fields_are_skipped() -> None:
    """A comment keeps the connection alive and says nothing; an event without data is none."""
    assert frames_of(b": ping\n\nid: 1\nretry: 5\n\nevent: idle\n\ndata: x\n\n") == [Frame(b"x")]


def test_a_line_that_is_an_error_is_an_event_of_that_name() -> None:
    """No field of the standard's, but the last word of some servers."""
    assert frames_of(b'error: {"message": "no"}\n\n') == [Frame(b'{"message": "no"}', b"error")]


def test_one_space_after_the_colon_is_no_part_of_the_value() -> None:
    """A second one is."""
    assert frames_of(b"data:  x\n\n", b"data:\n\n", b"data\n\n") == [Frame(b" x"), Frame(b""), Frame(b"")]


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    """Also if it comes in pieces."""
    assert frames_of(b"\xef", b"\xbb\xbfdata: x\n\n") == [Frame(b"x")]
    assert frames_of(b"data: x\n\n\xef\xbb\xbfdata: y\n\n") == [Frame(b"x")]


def test_line_separators_of_unicode_end_no_line() -> None:
    """U+2028 and U+0085 may stand in JSON text as they are."""
    text = b'{"a": "\xe2\x80\xa8\xc2\x85\x0b\x0c\x1c"}'
    assert frames_of(b"data: " + text + b"\n\n") == [Frame(text)]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    """And a CR at the end of a chunk ends its line at once, without waiting for what follows."""
    reader = SseReader()
    assert reader.feed(b"data: a\r\n\r") == [Frame(b"a")]
    assert reader.feed(b"\ndata: b\r") == []
    assert reader.feed(b"\r") == [Frame(b"b")]


def test_an_event_without_its_blank_line_is_handed_out_at_the_end() -> None:
    """The standard drops it; servers that forget the line mean it. What it is worth is for its reader to say."""
    reader = SseReader()
    assert reader.feed(b"data: a\n\ndata: [DONE]") == [Frame(b"a")]
    assert reader.close() == [Frame(b"[DONE]")]
    assert reader.close() == []


@pytest.mark.parametrize("chunks", [[b"data: " + b"x" * 40], [b"data: xxxxx\n"] * 9, [b"data: " + b"x" * 40 + b"\n\n"]])
def test_a_frame_that_never_ends_is_refused(chunks: list[bytes]) -> None:
    """Memory is bounded, in whatever shape the bytes come."""
    reader = SseReader(max_frame_bytes=32)
    with pytest.raises(Misunderstood, match="longer than 32 bytes"):
        [reader.feed(chunk) for chunk in chunks]


def test_many_frames_may_be_longer_together_than_one_may_be() -> None:
    """The limit is one of each frame, not of a chunk."""
    assert len(SseReader(max_frame_bytes=32).feed(b"data: x\n\n" * 100)) == 100


@given(STREAMS, st.data())
def test_however_the_bytes_are_cut_the_frames_are_those_of_the_standard(stream: bytes, data: st.DataObject) -> None:
    """Cuts fall inside line ends, characters and marks alike."""
    assert frames_of(*data.draw(cut_anywhere(stream))) == by_the_standard(stream)


@given(st.binary(), st.data())
def test_any_bytes_are_frames_of_some_kind(stream: bytes, data: st.DataObject) -> None:
    """Nothing raises, and cutting changes nothing, whatever the bytes are."""
    assert frames_of(*data.draw(cut_anywhere(stream))) == by_the_standard(stream)
