"""Cuts a value down before it is encoded, so that the work is bounded by what will be shown and not by what was returned."""

import copy
import dataclasses
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from enum import Enum
from itertools import islice
from typing import Any, cast

from pydantic import BaseModel

DEEPEST = 100
"""How many containers may stand in one another."""

_SMALL = frozenset({bool, float, type(None)})


class NotJson(ValueError):
    """A value of this kind can never be encoded, or only by work without a bound."""


class Clip:
    """One walk over one value, with so many bytes of JSON left to fill.

    ``take`` returns the value as it is where it fits, and the beginning of it where it does not. Sets come back
    sorted, where that is possible, because the order of a set of texts changes from process to process. Inside a
    pydantic model every value keeps its type, and sets their order: the model's own serializers decide there.
    """

    __slots__ = ("_depth", "_typed", "left", "missing")

    def __init__(self, cap_bytes: int) -> None:
        # One more than can be shown: so what is cut here is longer than the cap, and seen to be cut.
        self.left = cap_bytes + 1
        self.missing = 0
        """Bytes that were left out, estimated from those that were kept; 0 where nothing was."""
        self._depth = 0
        self._typed = 0

    def take(self, value: Any) -> Any:
        """As much of ``value`` as there is room for.

        :raises NotJson: it is too deep, holds itself, is an iterator or an integer without measure.
        """
        take = _BY_TYPE.get(type(value)) or _take_for(value)
        return take(self, value)

    def _nothing(self, value: Any) -> Any:
        self.left -= 2
        return value

    def _int(self, value: int) -> int:
        # Ten bits are three digits. Writing an integer out takes more than proportional time.
        digits = value.bit_length() * 3 // 10
        if digits > max(self.left, 1000):
            raise NotJson(f"an integer of {value.bit_length():,} bits is too long to write out")
        self.left -= digits + 1
        return value

    def _str(self, value: str) -> str:
        kept = value if len(value) <= self.left else value[: max(self.left, 0)]
        self.left -= len(kept) + 2
        self.missing += len(value) - len(kept)
        return kept

    def _bytes(self, value: bytes | bytearray | memoryview) -> bytes:
        kept = bytes(value[: max(self.left, 0)])
        self.left -= len(kept) + 2
        if len(kept) < len(value):
            self.missing += len(value) - len(kept)
            kept = whole_characters(kept)
        return kept

    def _enum(self, value: Enum) -> Any:
        return value if self._typed else self.take(value.value)

    def _iterator(self, value: Iterator[Any]) -> Any:
        raise NotJson(f"{type(value).__name__} can be read only once, and may never end; return a list")

    def _list(self, value: Sequence[Any]) -> Any:
        if self._is_flat(value):
            return value
        before = self.missing
        kept = self._items(value, len(value))
        if not self._typed:
            return kept
        return value if self.missing == before else cast(Any, type(value))(kept)

    def _namedtuple(self, value: Any) -> Any:
        kept = [self._inner(item) for item in value]
        return value._make(kept) if self._typed else kept

    def _set(self, value: Set[Any]) -> Any:
        before = self.missing
        kept = self._items(value, len(value))
        if not self._typed:
            return _ordered(kept)
        return value if self.missing == before else frozenset(kept)

    def _dict(self, value: Mapping[Any, Any]) -> Any:
        if self._is_flat(value.values()) and self._is_flat(value):
            return value
        before, room = self.missing, self.left
        kept: dict[Any, Any] = {}
        for key, item in value.items():
            if self.left <= 0:
                break
            kept[self._str(key) if type(key) is str else key] = self._inner(item)
        self._estimate(len(value), len(kept), room)
        return value if self._typed and self.missing == before else kept

    def _dataclass(self, value: Any) -> Any:
        if self._typed or hasattr(value, "__pydantic_serializer__"):
            return self._changed(value, _copied)
        return {name: self._inner(item) for name, item in attributes(value).items()}

    def _model(self, value: BaseModel) -> Any:
        return self._changed(value, _model_copied)

    def _changed(self, value: Any, copied: Callable[[Any, dict[str, Any]], Any]) -> Any:
        """The value itself, or a copy whose attributes are cut."""
        self._typed += 1
        parts = {name: (item, self._inner(item)) for name, item in attributes(value).items()}
        self._typed -= 1
        changes = {name: kept for name, (item, kept) in parts.items() if kept is not item}
        return copied(value, changes) if changes else value

    def _items(self, values: Iterable[Any], length: int) -> list[Any]:
        room = self.left
        kept: list[Any] = []
        for item in values:
            if self.left <= 0:
                break
            kept.append(self._inner(item))
        self._estimate(length, len(kept), room)
        return kept

    def _inner(self, value: Any) -> Any:
        if self._depth == DEEPEST:
            raise NotJson(f"nested deeper than {DEEPEST} levels")
        self._depth += 1
        try:
            return self.take(value)
        finally:
            self._depth -= 1

    def _estimate(self, length: int, kept: int, room: int) -> None:
        if kept < length:
            self.missing += (length - kept) * max(2, (room - self.left) // max(kept, 1))

    def _is_flat(self, values: Collection[Any]) -> bool:
        """Does a container of plain values fit whole? Asked of all values at once, at the speed of C."""
        if len(values) > self.left:
            return False
        kinds = set(map(type, values))
        if kinds == {str}:
            size = sum(map(len, values)) + 2 * len(values)
        elif kinds == {int}:
            size = sum(map(int.bit_length, values)) * 3 // 10 + len(values)
        elif kinds <= _SMALL:
            size = 2 * len(values)
        else:
            return False
        if size > self.left:
            return False
        self.left -= size
        return True


def attributes(value: Any) -> dict[str, Any]:
    """The fields of a dataclass or a model, extra ones included, as they are now."""
    if isinstance(value, BaseModel):
        return {**value.__dict__, **(value.__pydantic_extra__ or {})}
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def whole_characters(data: bytes) -> bytes:
    """Leave out a character at the end that was cut in two; other bytes that are no UTF-8 stay."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return data[:-back] if length > back else data
    return data


def _ordered(values: list[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return values


def _copied(value: Any, changes: dict[str, Any]) -> Any:
    duplicate = copy.copy(value)
    for name, kept in changes.items():
        object.__setattr__(duplicate, name, kept)
    return duplicate


def _model_copied(value: BaseModel, changes: dict[str, Any]) -> BaseModel:
    return value.model_copy(update=changes)


def _take_for(value: Any) -> Callable[[Clip, Any], Any]:
    """How to take a value whose exact class is not in the table."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return Clip._dataclass
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return Clip._namedtuple
    return next((take for kind, take in _BY_BASE if isinstance(value, kind)), Clip._nothing)
