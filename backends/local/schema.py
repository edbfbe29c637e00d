"""Whether a model's arguments are what a tool's JSON schema asks for, as far as the shape goes.

Ranges, patterns and formats are left to the tool itself, whose answer the model gets to read.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import JsonValue

Schema = Mapping[str, Any]

TYPES: Mapping[str, frozenset[type]] = {
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "null": frozenset({type(None)}),
}


def closed(parameters: Schema) -> dict[str, Any]:
    """The schema without room for arguments it does not name, unless it says that there is some."""
    return {"additionalProperties": False, **parameters}


def fits(value: JsonValue, schema: Schema, definitions: Schema | None = None) -> bool:
    """Whether ``value`` has the shape of ``schema``, whose ``$defs`` are taken if no others are given."""
    known = schema.get("$defs", {}) if definitions is None else definitions
    return all(check(value, schema, known) for keyword, check in CHECKS.items() if keyword in schema)


def _has_type(value: JsonValue, schema: Schema, known: Schema) -> bool:
    names = schema["type"]
    return any(type(value) in TYPES[name] for name in ([names] if isinstance(names, str) else names))


def _has_properties(value: JsonValue, schema: Schema, known: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    others = schema.get("additionalProperties", True)
    inner: dict[str, Any] = {name: schema["properties"].get(name, others) for name in value}
    return all(part is True or (part is not False and fits(value[name], part, known)) for name, part in inner.items())


def _has_items(value: JsonValue, schema: Schema, known: Schema) -> bool:
    return not isinstance(value, list) or all(fits(item, schema["items"], known) for item in value)


def _has_required(value: JsonValue, schema: Schema, known: Schema) -> bool:
    return not isinstance(value, dict) or all(name in value for name in schema["required"])


def _fits_any(value: JsonValue, schema: Schema, known: Schema) -> bool:
    options = cast("list[Schema]", schema.get("anyOf") or schema.get("oneOf"))
    return any(fits(value, option, known) for option in options)


def _fits_reference(value: JsonValue, schema: Schema, known: Schema) -> bool:
    return fits(value, known.get(schema["$ref"].rpartition("/")[2], {}), known)


CHECKS: Mapping[str, Callable[[JsonValue, Schema, Schema], bool]] = {
    "$ref": _fits_reference,
    "anyOf": _fits_any,
    "const": lambda value, schema, known: value == schema["const"],
    "enum": lambda value, schema, known: value in schema["enum"],
    "items": _has_items,
    "oneOf": _fits_any,
    "properties": _has_properties,
    "required": _has_required,
    "type": _has_type,
}
"""What each keyword asks for. A keyword that is not here asks for nothing."""
