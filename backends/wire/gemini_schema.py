"""The schema of a tool's arguments, in the words in which Gemini takes it.

Gemini has two: a schema of its own under ``parameters``, after OpenAPI 3.0, which every model and endpoint knows, and
JSON Schema under ``parametersJsonSchema``. The first is taken where it can say all that the schema says.

Source: https://ai.google.dev/api/caching#Schema and https://ai.google.dev/api/caching#FunctionDeclaration.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from .schema_dialects import GEMINI
from .strict_schema import strict_schema

Json = dict[str, Any]

_FORMATS: Mapping[str, frozenset[str]] = {
    "STRING": frozenset({"date-time", "enum"}),
    "INTEGER": frozenset({"int32", "int64"}),
    "NUMBER": frozenset({"double", "float"}),
}
"""``format`` by ``type``: any other is refused."""

_TYPES = frozenset({"ARRAY", "BOOLEAN", "INTEGER", "NUMBER", "OBJECT", "STRING"})


class _Unsayable(Exception):
    """Gemini's own schema has no word for it."""


def parameters(schema: Mapping[str, Any]) -> Json:
    """The field of a function declaration that tells ``schema``."""
    try:
        return {"parameters": _own(schema)}
    except (_Unsayable, RecursionError):
        return {"parametersJsonSchema": json_schema(schema)}


def json_schema(schema: Mapping[str, Any]) -> Json:
    """JSON Schema without the keywords that Gemini refuses; they are told in the descriptions instead."""
    return strict_schema(schema, GEMINI) or dict(schema)


def _own(schema: Mapping[str, Any]) -> Json:
    kind = schema.get("type")
    if type(kind) is not str or kind.upper() not in _TYPES:
        raise _Unsayable
    return {name: _word(name)(value, kind.upper()) for name, value in schema.items()}


def _word(name: str) -> Callable[[Any, str], object]:
    word = _WORDS.get(name)
    if word is None:
        raise _Unsayable
    return word


def _same(value: Any, _: str) -> object:
    return value


def _format(value: Any, kind: str) -> object:
    if value not in _FORMATS.get(kind, ()):
        raise _Unsayable
    return value


def _enum(value: Any, kind: str) -> object:
    if kind != "STRING":
        raise _Unsayable
    return value


def _schema(value: Any, _: str) -> object:
    if not isinstance(value, Mapping):
        raise _Unsayable
    return _own(cast("Mapping[str, Any]", value))


def _schemas(value: Any, _: str) -> object:
    return {name: _schema(each, "") for name, each in cast("Mapping[str, Any]", value).items()}


_WORDS: Mapping[str, Callable[[Any, str], object]] = {
    "type": lambda _, kind: kind,
    "format": _format,
    "enum": _enum,
    "items": _schema,
    "properties": _schemas,
    **dict.fromkeys(
        (
            "default",
            "description",
            "example",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
            "minItems",
            "minLength",
            "minProperties",
            "minimum",
            "nullable",
            "pattern",
            "propertyOrdering",
            "required",
            "title",
        ),
        _same,
    ),
}
"""How each keyword is written. ``anyOf`` is left to JSON Schema: beside it, some endpoints refuse every other word."""
