"""Cuts a value down before it is encoded: the work is bounded by what will be shown, not by what was returned."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set, ValuesView
from enum import Enum
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import to_json

from .attributes import altered_copy, altered_model, attributes
from .flat_size import flat_size
from .serializers import computes_itself

DEEPEST = 100
"""How many containers may stand in one another."""

_LARGEST_WHOLE = 256 * 1024


class NotJson(ValueError):
    """A value of this kind can never be encoded, or only by work without a bound."""


class Clip:
    """One walk over one value, with so many bytes of JSON left to fill.

    ``take`` returns the value as it is where it fits, and the beginning of it where it does not. Sets come back
    sorted, where that is possible, because the order of a set of texts changes from process to process. Inside a
    pydantic model every value keeps its type, and sets their order: the model's own serializers decide there. A model
    that computes what it shows is taken whole, if it is not too large for that.
    """

    __slots__ = ("depth", "left", "missing", "room", "typed")

    def __init__(self, cap_bytes: int) -> None:
        # One more than can be shown: so what is cut here is longer than the cap, and seen to be cut.
        self.room = cap_bytes + 1
        self.left = self.room
        self.missing = 0
        self.depth = 0
        self.typed = 0

    def take(self, value: object) -> Any:
        """As much of ``value`` as there is room for.

        :raises NotJson: it is too deep, holds itself, is an iterator, or an integer beyond measure.
        """
        return (_BY_CLASS.get(type(value)) or _taker(value))(self, value)

    def full_size(self, encoded: int) -> int:
        """Bytes of the whole value, where ``encoded`` is what became of the part that was taken."""
        # Escapes, digits and names were counted at their least: what was left out will have as many of them.
        return encoded + self.missing * encoded // max(self.room - self.left, 1)

    def leaf(self, value: Any) -> Any:
        self.left -= 2
        return value

    def integer(self, value: int) -> int:
        # Ten bits are three digits. Writing an integer out takes more than proportional time.
        digits = value.bit_length() * 3 // 10 or 1
        if digits > max(self.left, 1000):
            raise NotJson(f"an integer of {value.bit_length():,} bits is too long to write out")
        self.left -= digits + 1
        return value

    def text(self, value: str) -> str:
        kept = value if len(value) <= self.left else value[: max(self.left, 0)]
        self.left -= len(kept) + 2
        self.missing += len(value) - len(kept)
        return kept

    def data(self, value: bytes | bytearray | memoryview) -> bytes:
        kept = bytes(value[: max(self.left, 0)])
        self.left -= len(kept) + 2
        self.missing += len(value) - len(kept)
        return kept if len(kept) == len(value) else whole_characters(kept)

    def member(self, value: Enum) -> Any:
        return self.leaf(value) if self.typed else self.take(value.value)

    def path(self, value: os.PathLike[str]) -> Any:
        return self.text(os.fspath(value))

    def iterator(self, value: Iterator[Any]) -> Any:
        raise NotJson("it can be read only once, and may never end; return a list")

    def plain_sequence(self, value: list[Any] | tuple[Any, ...]) -> Any:
        size = flat_size(value, self.left)
        if size is None or self.depth == DEEPEST:
            return self.sequence(value)
        self.left -= size
        return value

    def plain_mapping(self, value: dict[Any, Any]) -> Any:
        keys = flat_size(value, self.left)
        items = None if keys is None else flat_size(value.values(), self.left - keys)
        if keys is None or items is None or self.depth == DEEPEST:
            return self.mapping(value)
        self.left -= keys + items
        return value

    def sequence(self, value: Sequence[Any]) -> Any:
        before = self.missing
        kept = self._items(value, len(value))
        if not self.typed:
            return kept
        return value if self.missing == before else tuple(kept) if isinstance(value, tuple) else kept

    def record(self, value: Any) -> Any:
        """A named tuple: none of its fields is left out."""
        self._descend()
        kept = [self.take(item) for item in value]
        self.depth -= 1
        return value._make(kept) if self.typed else kept

    def unordered(self, value: Set[Any]) -> Any:
        before = self.missing
        kept = self._items(value, len(value))
        if not self.typed:
            return _ordered(kept)
        return value if self.missing == before else set(kept) if isinstance(value, set) else frozenset(kept)

    def values(self, value: ValuesView[Any]) -> Any:
        return self._items(value, len(value))

    def mapping(self, value: Mapping[Any, Any]) -> Any:
        self._descend()
        before, room = self.missing, self.left
        kept: dict[Any, Any] = {}
        for key, item in value.items():
            if self.left <= 0:
                break
            name = self.text(key) if type(key) is str else key
            kept[name] = self.take(item)
        self.depth -= 1
        self._estimate(len(value), len(kept), room - self.left + self.missing - before)
        return value if self.typed and self.missing == before else kept

    def instance(self, value: Any) -> Any:
        """A dataclass."""
        if not hasattr(value, "__pydantic_serializer__"):
            return self._altered(value, altered_copy) if self.typed else self.mapping(attributes(value))
        return self._whole(value) if computes_itself(value.__class__) else self._altered(value, altered_copy)

    def model(self, value: BaseModel) -> Any:
        return self._whole(value) if computes_itself(type(value)) else self._altered(value, altered_model)

    def _whole(self, value: Any) -> Any:
        """A model that computes what it shows: all of it, or nothing."""
        self._descend()
        measure = Clip(_LARGEST_WHOLE)
        measure.typed, measure.depth = 1, self.depth
        for item in attributes(value).values():
            measure.take(item)
        if measure.missing:
            raise NotJson(f"it has serializers of its own and is above {_LARGEST_WHOLE:,} bytes; return a part of it")
        self.left -= measure.room - measure.left
        self.depth -= 1
        return value

    def _altered(self, value: Any, alter: Callable[[Any, dict[str, Any]], Any]) -> Any:
        """The value itself, or a copy of it whose long attributes are cut. None is left out."""
        self._descend()
        self.typed += 1
        parts = [(name, item, self.take(item)) for name, item in attributes(value).items()]
        self.typed -= 1
        self.depth -= 1
        changes = {name: kept for name, item, kept in parts if kept is not item}
        return alter(value, changes) if changes else value

    def _items(self, values: Iterable[Any], length: int) -> list[Any]:
        self._descend()
        before, room = self.missing, self.left
        kept: list[Any] = []
        for item in values:
            if self.left <= 0:
                break
            kept.append(self.take(item))
        self.depth -= 1
        self._estimate(length, len(kept), room - self.left + self.missing - before)
        return kept

    def _descend(self) -> None:
        if self.depth == DEEPEST:
            raise NotJson(f"nested deeper than {DEEPEST} levels")
        self.depth += 1

    def _estimate(self, length: int, kept: int, size: int) -> None:
        """Count what was left out: as large, item by item, as those that were kept."""
        if kept < length:
            self.missing += (length - kept) * max(2, size // max(kept, 1))


def whole_characters(data: bytes) -> bytes:
    """Leave out a last character that was cut in two; other bytes that are no UTF-8 stay."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            needed = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if needed > back else data
    return data


def _ordered(values: list[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda value: to_json(value, serialize_unknown=True))


def _taker(value: object) -> Callable[[Clip, Any], Any]:
    """How to take a value whose exact class is not in the table."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return Clip.instance
    if isinstance(value, tuple) and hasattr(cast(object, value), "_make"):
        return Clip.record
    return next((take for base, take in _BY_BASE.items() if isinstance(value, base)), Clip.leaf)


_BY_CLASS: Mapping[type, Callable[[Clip, Any], Any]] = {
    bool: Clip.leaf,
    float: Clip.leaf,
    type(None): Clip.leaf,
    int: Clip.integer,
    str: Clip.text,
    bytes: Clip.data,
    list: Clip.plain_sequence,
    tuple: Clip.plain_sequence,
    dict: Clip.plain_mapping,
    set: Clip.unordered,
    frozenset: Clip.unordered,
}
# Asked in this order: an ``IntEnum`` is an integer too, and bytes are a sequence.
_BY_BASE: Mapping[type, Callable[[Clip, Any], Any]] = {
    Enum: Clip.member,
    BaseModel: Clip.model,
    str: Clip.text,
    bytes: Clip.data,
    int: Clip.integer,
    bytearray: Clip.data,
    memoryview: Clip.data,
    Iterator: Clip.iterator,
    os.PathLike: Clip.path,
    Mapping: Clip.mapping,
    Set: Clip.unordered,
    ValuesView: Clip.values,
    Sequence: Clip.sequence,
}
