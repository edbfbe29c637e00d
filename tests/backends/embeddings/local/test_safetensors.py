"""Safetensors files are read as they are, and a broken one is no model."""

import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopbus.backends.embeddings.local.safetensors import read_tensors
from loopbus.backends.errors import NotConfigured
from loopbus.backends.local import BrokenWeights

from .tiny import safetensors

TENSORS = {
    "a": numpy.arange(6, dtype="<f4").reshape(2, 3),
    "b": numpy.array([1, -2], dtype="<i8"),
    "c": numpy.array([0.5], dtype="<f2"),
    "none": numpy.zeros((0, 4), dtype="<f4"),
}


def written(folder: Path, content: bytes) -> Path:
    """A file with this in it."""
    path = folder / "model.safetensors"
    path.write_bytes(content)
    return path


def test_tensors_are_read_by_name(tmp_path: Path) -> None:
    """With their types and shapes; what nobody computes with is passed over, and so are remarks."""
    found = read_tensors(written(tmp_path, safetensors({**TENSORS, "flag": numpy.array([True])})))
    assert found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert found[name].tolist() == tensor.tolist()


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    """It is the file itself."""
    found = read_tensors(written(tmp_path, safetensors(TENSORS)))
    with pytest.raises(ValueError, match="read-only"):
        found["a"][0] = 1


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2, 4]},
        {"shape": [-2, -3]},
        {"shape": "ab"},
        {"data_offsets": [0, 23]},
        {"data_offsets": [0, 1 << 40]},
        {"data_offsets": [-24, 0]},
        {"data_offsets": [1]},
        {"dtype": ["F32"]},
    ],
)
def test_a_header_that_lies_is_found_out(change: dict[str, Any], tmp_path: Path) -> None:
    """Before anything is read from where it points."""
    path = written(tmp_path, safetensors(TENSORS, a=change))
    with pytest.raises(BrokenWeights, match="cannot be read as safetensors"):
        read_tensors(path)


@pytest.mark.parametrize("content", [b"", b"short", struct.pack("<Q", 1 << 60), struct.pack("<Q", 2) + b"[]"])
def test_what_is_no_such_file_is_told(content: bytes, tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(BrokenWeights, match=r"model\.safetensors"):
        read_tensors(written(tmp_path, content))
    with pytest.raises(BrokenWeights, match="nowhere"):
        read_tensors(tmp_path / "nowhere")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 500), byte=st.integers(0, 255), length=st.integers(1, 600))
def test_a_damaged_file_gives_our_error_or_tensors(place: int, byte: int, length: int, tmp_path: Path) -> None:
    """Wherever the damage is, and wherever the file ends."""
    content = bytearray(safetensors(TENSORS))
    content[place % len(content)] = byte
    with suppress(BrokenWeights):
        read_tensors(written(tmp_path, bytes(content[:length])))


def test_without_numpy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to get it."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(NotConfigured, match=r'pip install "loopbus\[embed\]"'):
        read_tensors(tmp_path / "any")
