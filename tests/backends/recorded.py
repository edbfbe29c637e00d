"""Recorded provider traffic, where the checkout stands beside it."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from ..architecture import ROOT

FOLDER = ROOT.parent / "shared" / "wire"


class Recording(NamedTuple):
    """One exchange: what the provider answered, and what a provider's own client made of it."""

    name: str
    provider: str
    streaming: bool
    status: int
    headers: dict[str, str]
    body: bytes
    expected: dict[str, Any]


@cache
def recordings(api: str) -> tuple[Recording, ...]:
    """Every recorded exchange of one wire format."""
    return tuple(found for path in sorted(FOLDER.glob("*/*.json")) if (found := _load(path, api)) is not None)


def _load(path: Path, api: str) -> Recording | None:
    entry = cast("dict[str, Any]", json.loads(path.read_bytes()))
    if entry["api"] != api:
        return None
    response = entry["response"]
    return Recording(
        path.stem,
        entry["provider"],
        entry["streaming"],
        response["status"],
        response["headers"],
        response["body"].encode(),
        entry["expected"],
    )


needs_recordings = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded traffic (../shared/wire) is not here")
