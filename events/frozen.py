"""JSON values that nobody can change, because everybody is shown the same one."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Annotated, Any, NoReturn, cast

from pydantic import JsonValue
from pydantic_core import CoreSchema, core_schema

from .errors import BadContent

_PLAIN = frozenset({int, bool, type(None)})
_DEEPEST = 200
"""How far values may be nested; what is deeper is an attack or a mistake, and would overflow the stack elsewhere."""


class FrozenDict(dict[str, JsonValue]):
    """A JSON object that refuses to be changed. ``dict(...)``, ``copy`` and ``|`` give an ordinary one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return freeze, (dict(self),)

    def __deepcopy__(self, _: object) -> JsonValue:
        return thaw(self)


class FrozenList(list[JsonValue]):
    """A JSON array that refuses to be changed. ``list(...)``, ``copy`` and ``+`` give an ordinary one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return freeze, (list(self),)

    def __deepcopy__(self, _: object) -> JsonValue:
        return thaw(self)


def freeze(value: object) -> JsonValue:
    """A JSON value as one that cannot be changed, whatever is nested in it.

    :raises BadContent: it is no JSON: another type, NaN, half of a surrogate pair, a key that is no text.
    """
    return _freeze(value, "the value", 0)


def freeze_object(value: object) -> Mapping[str, JsonValue]:
    """The same for a JSON object, such as the arguments of a call.

    :raises BadContent: it is no JSON object.
    """
    if type(value) is FrozenDict:
        return value
    if type(value) is not dict and not isinstance(value, Mapping):
        raise BadContent(f"a JSON object is needed, not {type(value).__name__}")
    fields = cast("Mapping[object, object]", value)
    for key, item in fields.items():
        kind = type(item)
        if type(key) is not str or not (kind in _PLAIN or (kind is str and cast(str, item).isascii())):
            return cast(FrozenDict, _freeze(dict(fields), "the object", 0))
    return FrozenDict(cast("Mapping[str, JsonValue]", fields))


def thaw(value: JsonValue) -> JsonValue:
    """An ordinary copy, to be changed at will."""
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    return [thaw(item) for item in value] if isinstance(value, list) else value


def whole(text: str, what: str) -> None:
    """Refuse text that cannot be written as UTF-8.

    :raises BadContent: it holds half of a surrogate pair.
    """
    try:
        if not text.isascii():
            text.encode()
    except AttributeError:
        raise BadContent(f"{what} is {type(text).__name__}, not text") from None
    except UnicodeEncodeError as error:
        raise BadContent(
            f"{what} holds half of a surrogate pair at character {error.start}, which can be neither stored nor sent; "
            'mend it with text.encode("utf-8", "replace").decode()'
        ) from None


def _freeze(value: object, path: str, depth: int) -> JsonValue:
    kind = type(value)
    if kind in _PLAIN or kind is FrozenDict or kind is FrozenList:
        return cast(JsonValue, value)
    if isinstance(value, str):
        whole(value, path)
        return value
    if isinstance(value, float) and not isfinite(value):
        raise BadContent(f"{path} is {value}, which is no JSON number")
    if isinstance(value, int | float):
        return value
    if depth > _DEEPEST:
        raise BadContent(f"{path[:80]}... is nested deeper than {_DEEPEST} levels")
    if isinstance(value, Mapping):
        fields = cast("Mapping[object, object]", value)
        return FrozenDict({_key(key, path): _freeze(item, f"{path}.{key}", depth + 1) for key, item in fields.items()})
    if isinstance(value, list | tuple):
        items = enumerate(cast("list[object]", value))
        return FrozenList(_freeze(item, f"{path}[{place}]", depth + 1) for place, item in items)
    raise BadContent(f"{path} is {kind.__name__}, which is no JSON")


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise BadContent(f"{path} has the key {key!r}; the keys of a JSON object are texts")
    whole(key, f"a key of {path}")
    return key


def _refuse(self: object, *_: object, **__: object) -> NoReturn:
    raise TypeError(
        f"an event's JSON cannot be changed; change a copy: {'dict' if isinstance(self, dict) else 'list'}(...)"
    )


for _name in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
    setattr(FrozenDict, _name, _refuse)
for _name in (
    "__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "clear", "extend", "insert", "pop", "remove",
    "reverse", "sort",
):  # fmt: skip
    setattr(FrozenList, _name, _refuse)


class _Frozen:
    """Validates by a function, and serializes what it gave as what it is: pydantic's own would call Python for that."""

    def __init__(self, freeze: Callable[[object], object], **schema: str) -> None:
        self._freeze = freeze
        self._schema = schema

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._freeze)

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, str]:
        return dict(self._schema)


Json = Annotated[JsonValue, _Frozen(freeze)]
"""Any JSON value, frozen."""

JsonObject = Annotated[Mapping[str, JsonValue], _Frozen(freeze_object, type="object")]
"""A JSON object, frozen."""
