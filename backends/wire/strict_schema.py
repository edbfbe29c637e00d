"""JSON schemas in the words that a provider enforces: what it refuses is told to the model as a description instead.

Every answer is validated again on our side, so a schema may lose a bound on its way, but never its shape: one whose
shape a provider cannot enforce is not adapted at all, and the codec sends the original without the provider's promise.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import JsonValue
from pydantic_core import to_json

from .schema_dialects import OPENAI, SchemaDialect

Schema = dict[str, Any]


def strict_schema(schema: Mapping[str, JsonValue], dialect: SchemaDialect = OPENAI) -> Schema | None:
    """The schema as a provider enforces it; None if it cannot enforce this shape. One that fits comes back equal."""
    definitions = cast("Mapping[str, Schema]", schema.get("$defs", {}))
    try:
        if not dialect.recursive and any(_holds_itself(name, definitions) for name in definitions):
            return None
        return _Adapting(dialect).node(schema)
    except (_Unsayable, RecursionError):
        return None


class _Unsayable(Exception):
    """The provider has no words for a part of the schema."""


class _Adapting:
    def __init__(self, dialect: SchemaDialect) -> None:
        self._dialect = dialect

    def node(self, schema: Mapping[str, Any]) -> Schema:
        """One schema, and all inside it."""
        if "$ref" in schema:
            # OpenAI takes nothing beside a reference but, at the root, what it refers to.
            kept = {"$ref", "$defs"} if self._dialect.complete else schema.keys()
            return {key: self._part(key, value) for key, value in schema.items() if key in kept}
        adapted = {key: self._part(key, value) for key, value in schema.items() if not self._is_unsaid(key, value)}
        if "oneOf" in adapted and self._dialect.closed:
            adapted["anyOf"] = [*adapted.get("anyOf", ()), *adapted.pop("oneOf")]
        words = [_in_words(key, schema[key]) for key in schema if self._is_told(key, schema[key])]
        if words:
            adapted["description"] = " ".join([*filter(None, [adapted.get("description")]), f"({', '.join(words)})"])
        return self._closed(adapted) if self._dialect.closed else adapted

    def _closed(self, schema: Schema) -> Schema:
        if not schema.keys() & {"$ref", "anyOf", "const", "enum", "type"}:
            raise _Unsayable
        kinds = schema.get("type", ())
        if "array" in kinds and not isinstance(schema.get("items"), dict):
            raise _Unsayable
        if "object" in kinds:
            if "properties" not in schema or schema.get("additionalProperties", False) is not False:
                raise _Unsayable
            schema["additionalProperties"] = False
            if self._dialect.complete:
                schema["required"] = _all_in_order(schema)
        return schema

    def _part(self, key: str, value: Any) -> Any:
        part = _PARTS.get(key)
        return value if part is None else part(self, value)

    def many(self, schemas: list[Schema]) -> list[Schema]:
        """Schemas in a row."""
        return [self.node(each) for each in schemas]

    def named(self, schemas: Mapping[str, Schema]) -> dict[str, Schema]:
        """Schemas by name."""
        return {name: self.node(each) for name, each in schemas.items()}

    def one(self, schema: object) -> object:
        """A schema, or true or false in the place of one."""
        return self.node(cast(Schema, schema)) if isinstance(schema, dict) else schema

    def rare(self, value: object) -> object:
        """What no provider enforces that wants its schemas closed."""
        if self._dialect.closed:
            raise _Unsayable
        return value

    def _is_unsaid(self, key: str, value: Any) -> bool:
        return key in self._dialect.dropped or self._is_told(key, value)

    def _is_told(self, key: str, value: Any) -> bool:
        if key == "format":
            return self._dialect.formats is not None and value not in self._dialect.formats
        if key == "minItems" and value in (0, 1):
            return False
        return key in self._dialect.told


_PARTS: Mapping[str, Callable[[_Adapting, Any], Any]] = {
    "$defs": _Adapting.named,
    "additionalProperties": _Adapting.one,
    "allOf": _Adapting.rare,
    "anyOf": _Adapting.many,
    "items": _Adapting.one,
    "oneOf": _Adapting.many,
    "prefixItems": _Adapting.rare,
    "properties": _Adapting.named,
}
"""Where there are schemas inside a schema."""


def _holds_itself(name: str, definitions: Mapping[str, Schema]) -> bool:
    """Whether a definition holds itself, perhaps by way of others."""
    seen: set[str] = set()
    ahead = _references(definitions[name])
    while ahead:
        following = ahead.pop()
        if following == name:
            return True
        if following in definitions and following not in seen:
            seen.add(following)
            ahead |= _references(definitions[following])
    return False


def _references(part: object) -> set[str]:
    if isinstance(part, Mapping):
        fields = cast("Mapping[str, object]", part)
        own = {str(fields["$ref"]).removeprefix("#/$defs/")} if isinstance(fields.get("$ref"), str) else set[str]()
        return own.union(*map(_references, fields.values()))
    return set[str]().union(*map(_references, cast("list[object]", part))) if isinstance(part, list) else set()


def _all_in_order(schema: Schema) -> list[str]:
    """Every property, those that were required already first, so that a schema that fits stays as it is."""
    required: list[str] = list(schema.get("required", ()))
    return required + [name for name in schema["properties"] if name not in required]


def _in_words(key: str, value: object) -> str:
    return f"{key}: {to_json(value).decode()}"
