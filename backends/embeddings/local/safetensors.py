"""Reads a safetensors file: the tensors stay in the file and come into memory as they are used.

Source of the format: https://github.com/huggingface/safetensors#format: the length of a JSON header (8 bytes, little
endian), the header, which names each tensor's type, shape and place, and the tensors' bytes.
"""

import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ...extras import load
from ...local.errors import BrokenWeights
from ...wire.fields import WRONG_SHAPE

MISSING = 'embedding on this machine needs numpy: pip install "loopbus[embed]"'
MAX_HEADER_BYTES = 100_000_000
"""As in the format's own library."""
METADATA = "__metadata__"
TYPES: Mapping[str, str] = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
"""Their types, as numpy writes them. Others are passed over: nothing here computes with them."""


def read_tensors(path: Path) -> dict[str, Any]:
    """The tensors by name, as numpy arrays that cannot be written to.

    :raises BrokenWeights: the file is none of this kind, or is cut.
    :raises NotConfigured: numpy is not installed.
    """
    numpy = load("numpy", MISSING)
    try:
        data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
        (length,) = struct.unpack("<Q", bytes(data[:8]))
        if length > min(MAX_HEADER_BYTES, len(data) - 8):
            raise ValueError(f"a header of {length:,} bytes in a file of {len(data):,}")
        header: dict[str, Any] = from_json(bytes(data[8 : 8 + length]))
        return {
            name: _tensor(data[8 + length :], TYPES[told["dtype"]], told["shape"], *told["data_offsets"])
            for name, told in header.items()
            if name != METADATA and told["dtype"] in TYPES
        }
    except (*WRONG_SHAPE, OSError, struct.error) as exc:
        raise BrokenWeights(f"{path} cannot be read as safetensors ({exc})") from exc


def _tensor(data: Any, kind: str, shape: list[int], start: int, end: int) -> Any:
    size = int(kind[-1]) * prod(shape)
    if not 0 <= start <= end <= len(data) or end - start != size:
        raise ValueError(f"a tensor of {size:,} bytes from {start:,} to {end:,}")
    return data[start:end].view(kind).reshape(shape)
