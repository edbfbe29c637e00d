"""Finds the place in a value that cannot be encoded, and says why."""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from typing import Any, cast

from pydantic import BaseModel

from .attributes import attributes
from .clipping import DEEPEST
from .errors import Unencodable

Encode = Callable[[Any], object]

_NEVER_AT_FAULT = frozenset({bool, float, type(None)})
_LONGEST_STEP = 60
# Far more than are looked at when a value is encoded.
_MOST_PARTS = 100_000


def culprit(value: Any, path: str, encode: Encode) -> Unencodable:
    """Follow a value that ``encode`` refuses down to the part that is at fault; ``path`` is the value's own name.

    Only called for an error, so it may try the parts one by one.
    """
    above: list[Any] = []
    while True:
        if any(value is container for container in above):
            return Unencodable(path, "it contains itself")
        if len(above) > DEEPEST:
            return Unencodable(_ends(path), f"nested deeper than {DEEPEST} levels")
        above.append(value)
        for key in islice(_keys(value), _MOST_PARTS):
            if _fault(key, encode) and (error := _fault({key: None}, encode)):
                return Unencodable(f"{path}, key {_named(key)}", _reason(key, error))
        found = next((part for part in islice(_parts(value), _MOST_PARTS) if _fault(part[1], encode)), None)
        if found is None:
            return Unencodable(path, _reason(value, _fault(value, encode)))
        path, value = path + found[0], found[1]


def _fault(value: Any, encode: Encode) -> Exception | None:
    if type(value) in _NEVER_AT_FAULT or (type(value) is str and value.isascii()):
        return None
    try:
        encode(value)
    except Exception as error:
        return error
    return None


def _keys(value: Any) -> Iterable[Any]:
    return cast(Mapping[Any, Any], value) if isinstance(value, Mapping) else ()


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What is inside a value, each with its step on the path."""
    if isinstance(value, str | bytes | bytearray | memoryview | type):
        return
    if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        yield from ((f".{name}", item) for name, item in attributes(value).items())
    elif isinstance(value, Mapping):
        yield from ((_step(key), item) for key, item in cast(Mapping[Any, Any], value).items())
    elif isinstance(value, Sequence | Set):
        yield from ((f"[{number}]", item) for number, item in enumerate(cast(Sequence[Any], value)))


def _step(key: Any) -> str:
    plain = isinstance(key, str) and key.isidentifier() and len(key) <= _LONGEST_STEP
    return f".{key}" if plain else f"[{_named(key)}]"


def _named(key: Any) -> str:
    if isinstance(key, str):
        return json.dumps(key[:_LONGEST_STEP])
    return f"{key:d}" if isinstance(key, int) and key.bit_length() < 128 else type(key).__name__


def _ends(path: str) -> str:
    return path if len(path) <= 3 * _LONGEST_STEP else f"{path[:_LONGEST_STEP]}…{path[-_LONGEST_STEP:]}"


def _reason(value: Any, error: Exception | None) -> str:
    name = type(value).__name__
    if isinstance(value, Awaitable):
        return f"{name} is not JSON; await it before you return it"
    if isinstance(value, str):
        return "it holds half of a surrogate pair, which cannot be written as UTF-8"
    if isinstance(value, bytes | bytearray | memoryview):
        return "these bytes are no UTF-8; return a loopbus File to hand binary data over"
    said = str(error).partition("\n")[0]
    return f"{name} is not JSON" if "unknown type" in said else f"{name} cannot be written as JSON: {said[:200]}"
