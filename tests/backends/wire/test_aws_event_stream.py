"""AWS event streams: messages come out whole and right, wherever the bytes are cut, or an error of ours does."""

import struct
from contextlib import suppress
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.errors import BackendError, Broken, Busy, ContextOverflow, Misunderstood, Refused
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.aws_event_stream import AwsEventReader, AwsMessage, failure_in, read_headers

from ..cuts import cut_anywhere, cut_at
from .aws_messages import event, exception, header, message, told

ACCOUNT = Account("acme")
STREAM = event("first", {"a": 1}) + event("second", {}) + message(b"", b"") + event("first", {"a": "\u2028\U0001f600"})


def read(*chunks: bytes) -> list[AwsMessage]:
    """The messages of a whole stream."""
    reader = AwsEventReader()
    found = [each for data in chunks for each in reader.feed(data)]
    return found + reader.close()


def read_until_fault(*chunks: bytes) -> list[AwsMessage | str]:
    """The messages of a stream, and the fault at their end, if there is one."""
    reader = AwsEventReader()
    found: list[AwsMessage | str] = []
    try:
        for data in chunks:
            found += reader.feed(data)
        reader.close()
    except Misunderstood as fault:
        found.append(str(fault).partition(":")[0])
    return found


def test_a_message_is_its_payload_and_its_headers() -> None:
    """Headers are told by name, the payload as it came."""
    (found,) = read(told(b"payload", event_type="chunk", message_type="event"))
    assert found == AwsMessage(b"payload", {":event-type": "chunk", ":message-type": "event"})


def test_every_type_of_header_is_read() -> None:
    """Truth values, numbers of four sizes, bytes, text, a time in milliseconds, and a UUID."""
    block = b"".join(
        [
            header("yes", 0, b""),
            header("no", 1, b""),
            header("byte", 2, b"\xff"),
            header("short", 3, struct.pack(">h", -2)),
            header("int", 4, struct.pack(">i", -3)),
            header("long", 5, struct.pack(">q", -4)),
            header("bytes", 6, b"\0\2\xff\0"),
            header("text", 7, b"\0\2\xc3\xa9"),
            header("time", 8, struct.pack(">q", 1_700_000_000_000)),
            header("uuid", 9, bytes(range(16))),
        ]
    )
    assert read_headers(block) == {
        "yes": True,
        "no": False,
        "byte": -1,
        "short": -2,
        "int": -3,
        "long": -4,
        "bytes": b"\xff\0",
        "text": "é",
        "time": 1_700_000_000_000,
        "uuid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
    }


@given(cut_anywhere(STREAM))
def test_however_the_bytes_are_cut_the_messages_are_the_same(chunks: list[bytes]) -> None:
    """Inside a length, a checksum, a header or a character."""
    assert read(*chunks) == read(STREAM)


@given(st.integers(0, len(STREAM) - 1))
def test_a_stream_that_is_cut_off_loses_its_last_message_only(length: int) -> None:
    """Half a message is none, and no fault either: what ends too early is for the answer's reader to say."""
    found = read(STREAM[:length])
    assert found == read(STREAM)[: len(found)]
    assert len(found) < 4


@given(st.data(), st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_a_byte_that_was_changed_is_found_out(data: st.DataObject, place: int, change: int) -> None:
    """By a checksum. What came before is told first, however the bytes are cut."""
    broken = STREAM[:place] + bytes([STREAM[place] ^ change]) + STREAM[place + 1 :]
    found = read_until_fault(*data.draw(cut_anywhere(broken)))
    assert found == read_until_fault(broken)
    assert isinstance(found[-1], str)
    assert found[:-1] == read(STREAM)[: len(found) - 1]


@given(st.binary(max_size=200), st.data())
def test_no_bytes_raise_anything_but_misunderstood(noise: bytes, data: st.DataObject) -> None:
    """Noise in the place of a stream, and behind a message."""
    for whole in (noise, STREAM + noise):
        assert read_until_fault(*data.draw(cut_anywhere(whole))) == read_until_fault(whole)


@given(st.binary(max_size=40))
def test_no_headers_raise_anything_but_misunderstood(block: bytes) -> None:
    """Noise with checksums that are right."""
    with suppress(Misunderstood):
        read_headers(block)
    with suppress(Misunderstood):
        read(message(block, b""))


@pytest.mark.parametrize(
    "block",
    [
        b"\x05ab",
        header("x", 10, b""),
        header("x", 7, b"\0\x05ab"),
        header("x", 7, b"\0\2\xff\xfe"),
        header("x", 4, b"\0"),
        header("x", 9, b"\0" * 15),
    ],
)
def test_headers_that_cannot_be_read_are_misunderstood(block: bytes) -> None:
    """Cut, of an unknown type, or no UTF-8: the error quotes them."""
    with pytest.raises(Misunderstood, match="expected the headers") as caught:
        read(message(block, b""))
    assert caught.value.frame == block


def test_a_page_in_the_place_of_a_stream_is_found_out_at_once() -> None:
    """Its first bytes are no head of a message: nobody waits for the rest."""
    with pytest.raises(Misunderstood, match="expected the head"):
        AwsEventReader().feed(b"<html><body>Bad gateway</body></html>")


def test_a_fault_is_told_again() -> None:
    """Whoever reads on after it gets no messages out of the middle of nowhere."""
    reader = AwsEventReader()
    assert len(reader.feed(STREAM + b"no message at all")) == 4
    for again in (lambda: reader.feed(STREAM), reader.close):
        with pytest.raises(Misunderstood, match="expected the head"):
            again()


def test_a_message_that_is_too_long_is_refused_by_its_head() -> None:
    """Before its bytes take any room."""
    reader = AwsEventReader(max_message_bytes=100)
    with pytest.raises(Misunderstood, match="longer than 100 bytes"):
        reader.feed(message(b"", b"x" * 100)[:12])


@pytest.mark.parametrize(("total", "headers"), [(0, 0), (15, 0), (20, 5)])
def test_a_message_that_is_shorter_than_its_parts_is_refused(total: int, headers: int) -> None:
    """Though its checksums are right: nobody waits, and nobody reads it for ever."""
    prelude = struct.pack(">II", total, headers)
    head = prelude + struct.pack(">I", crc32(prelude))
    for rest in (b"", struct.pack(">I", crc32(head)), b"x" * 20):
        with pytest.raises(Misunderstood, match="expected the head"):
            AwsEventReader().feed(head + rest)


def test_headers_are_kept_for_a_few_kinds_of_message_only() -> None:
    """A server that gives each message headers of its own cannot fill the memory."""
    reader = AwsEventReader()
    found = [reader.feed(event(f"event-{number}", {}))[0] for number in range(100)]
    assert [each.headers[":event-type"] for each in found] == [f"event-{number}" for number in range(100)]


def test_a_long_message_in_small_pieces_costs_its_length_once() -> None:
    """Each piece is added to what is there, which is looked at again only when it is whole."""
    whole = message(b"", b"x" * 1_000_000)
    reader = AwsEventReader()
    found = [each for piece in cut_at(whole, list(range(0, len(whole), 50))) for each in reader.feed(piece)]
    assert [len(each.data) for each in found] == [1_000_000]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", Busy),
        ("serviceUnavailableException", Busy),
        ("modelStreamErrorException", Broken),
        ("modelTimeoutException", Broken),
        ("internalServerException", Broken),
        ("validationException", Refused),
    ],
)
def test_an_exception_has_the_class_of_its_status(name: str, kind: type[BackendError]) -> None:
    """It is told in the middle of a stream whose own status was 200; its name is the code."""
    (found,) = read(exception(name, {"message": "said so"}))
    error = failure_in(found, ACCOUNT)
    assert (type(error), error.code, error.status, error.provider) == (kind, name, None, "acme")
    assert "said so" in str(error)


def test_a_prompt_that_is_too_long_is_an_overflow_in_a_stream_too() -> None:
    """Bedrock tells it as any other fault of the request; the words say more."""
    (found,) = read(exception("validationException", {"message": "Input is too long for requested model."}))
    assert type(failure_in(found, ACCOUNT)) is ContextOverflow


def test_an_exception_without_json_keeps_its_words() -> None:
    """Whatever they are."""
    (found,) = read(told(b"slow \xff down", message_type="exception", exception_type="throttlingException"))
    error = failure_in(found, ACCOUNT)
    assert type(error) is Busy
    assert "slow \ufffd down" in str(error)


def test_an_error_of_the_stream_itself_stands_in_headers() -> None:
    """AWS's own transport tells it without a payload."""
    (found,) = read(told(b"", message_type="error", error_code="throttlingException", error_message="slow down"))
    error = failure_in(found, ACCOUNT)
    assert (type(error), error.code) == (Busy, "throttlingException")
    assert "slow down" in str(error)


def test_a_message_of_no_known_type_is_misunderstood() -> None:
    """Neither an event nor an exception, nor an error."""
    (found,) = read(message(b"", b"what"))
    error = failure_in(found, ACCOUNT)
    assert type(error) is Misunderstood
    assert error.frame == b"what"
