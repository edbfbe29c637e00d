"""A broken GGUF is refused before native code sees it."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopbus.backends.local import gguf
from loopbus.backends.local.errors import BrokenWeights

from . import weights
from .weights import entry, put, tensor


def test_a_whole_file_is_accepted(tmp_path: Path) -> None:
    """Metadata of every kind, an alignment of its own, tensors whose data is there to the last byte."""
    gguf.check(put(tmp_path, weights.gguf()))


def test_a_newer_tensor_type_is_left_to_the_engine(tmp_path: Path) -> None:
    """Only where it begins can be checked."""
    gguf.check(put(tmp_path, weights.gguf(tensors=(tensor(b"new", 7, kind=99, offset=64),), data=64)))


ALIGNMENT_OF_9 = (entry(b"general.alignment", 4, struct.pack("<I", 9)),)
ALIGNMENT_OF_0 = (entry(b"general.alignment", 4, struct.pack("<I", 0)),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a GGUF file"),
        (b"GG", "ends in the middle of the magic"),
        (weights.gguf(magic=b"PK\3\4"), "does not begin with GGUF"),
        (weights.gguf(version=1), "has version 1, and only 2 and 3 are known"),
        (weights.gguf(version=3 << 24), "has version"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "promises 1,152,921,504,606,846,976 tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "promises 1,152,921,504,606,846,976 metadata entries"),
        (weights.gguf(entries=(entry(b"x", 77, b""),)), "has a value b'x' of the unknown type 77"),
        (weights.gguf(entries=(entry(b"x", 9, struct.pack("<IQ", 9, 1)),)), "an array b'x' of the unknown type 9"),
        (weights.gguf(entries=(entry(b"x", 9, struct.pack("<IQ", 0, 1 << 50)),)), "in the middle of the array b'x'"),
        (weights.gguf(entries=(struct.pack("<Q", 1 << 63),)), "ends in the middle of a metadata key"),
        (weights.gguf(entries=ALIGNMENT_OF_9), "has an alignment of 9"),
        (weights.gguf(entries=ALIGNMENT_OF_0), "has an alignment of 0"),
        (weights.gguf(tensors=(tensor(b"t"),)), "has a tensor b't' of 0 dimensions"),
        (weights.gguf(tensors=(tensor(b"t", 1, 1, 1, 1, 1),)), "has a tensor b't' of 5 dimensions"),
        (weights.gguf(tensors=(tensor(b"t", 1, offset=4),)), "a tensor b't' at the unaligned offset 4"),
        (weights.gguf(tensors=(tensor(b"t", 33, kind=8),)), "of 33 weights, which are no whole blocks of 32"),
        (weights.gguf(tensors=(tensor(b"t", 1 << 62, 1 << 62),)), "bytes are missing at its end"),
        (weights.gguf()[:-1], "is cut: at least 1 bytes are missing at its end"),
    ],
)
def test_a_broken_file_is_refused_and_says_where(content: bytes, words: str, tmp_path: Path) -> None:
    """The path, and what is wrong."""
    path = put(tmp_path, content)
    with pytest.raises(BrokenWeights, match=words) as caught:
        gguf.check(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """So is a folder."""
    for path in (tmp_path / "none.gguf", tmp_path):
        with pytest.raises(BrokenWeights, match="cannot be read"):
            gguf.check(path)


@given(length=st.integers(0, len(weights.gguf()) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_beginning_of_a_file_passes_for_the_whole(length: int, tmp_path: Path) -> None:
    """Wherever a download was cut."""
    with pytest.raises(BrokenWeights):
        gguf.check(put(tmp_path, weights.gguf()[:length]))


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_bytes_the_answer_is_yes_or_broken(data: st.DataObject, tmp_path: Path) -> None:
    """No flipped byte makes the check itself fail, or take for ever."""
    content = bytearray(weights.gguf())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    with suppress(BrokenWeights):
        gguf.check(put(tmp_path, bytes(content)))
