"""Recorded provider traffic, where the checkout stands beside it."""

import base64
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, cast

import pytest

from ..architecture import ROOT

FOLDER = ROOT.parent / "shared" / "wire"

DECODE: Mapping[str, Callable[[str], bytes]] = {"utf-8": str.encode, "base64": base64.b64decode}
"""``response.body_encoding``."""


class RecordedRequest(NamedTuple):
    """What was asked. ``recorded`` is false where the source kept no request: the body is empty then."""

    method: str
    url_path: str
    body: dict[str, Any]
    recorded: bool


class Recording(NamedTuple):
    """One exchange: what the provider answered, and what a provider's own client made of it."""

    name: str
    provider: str
    streaming: bool
    status: int
    headers: dict[str, str]
    body: bytes
    expected: dict[str, Any]
    api: str
    request: RecordedRequest
    features: tuple[str, ...]
    entry: dict[str, Any]
    """The file as it stands."""


def is_exchange(entry: object) -> bool:
    """Whether a JSON file holds an exchange: other files may lie beside them."""
    return isinstance(entry, dict) and {"api", "response", "expected"} <= cast("dict[str, Any]", entry).keys()


def read(name: str, entry: dict[str, Any]) -> Recording:
    """The exchange in one file's JSON.

    :raises KeyError: a field is missing, or the body has an encoding that is not known.
    """
    response, request = entry["response"], cast("dict[str, Any]", entry.get("request") or {})
    return Recording(
        name,
        entry["provider"],
        bool(entry["streaming"]),
        response["status"],
        response["headers"],
        DECODE[response.get("body_encoding", "utf-8")](response["body"]),
        entry["expected"],
        entry["api"],
        RecordedRequest(
            request.get("method", "POST"),
            request.get("url_path", ""),
            cast("dict[str, Any]", request.get("body") or {}),
            request.get("recorded", True),
        ),
        tuple(entry.get("features") or ()),
        entry,
    )


@cache
def _all() -> tuple[Recording, ...]:
    found = ((path.stem, json.loads(path.read_bytes())) for path in sorted(FOLDER.glob("*/*.json")))
    return tuple(read(name, entry) for name, entry in found if is_exchange(entry))


@cache
def recordings(api: str = "") -> tuple[Recording, ...]:
    """Every recorded exchange of one wire format, or of all."""
    return tuple(recording for recording in _all() if api in ("", recording.api))


needs_recordings = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded traffic (../shared/wire) is not here")
