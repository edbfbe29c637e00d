"""Makes pydantic's JSON schema one that a model reads well: without titles, references and open objects."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import JsonValue, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core.core_schema import IsSubclassSchema

Schema = dict[str, Any]

_ONE = frozenset({"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"})
_MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"dependentSchemas", "patternProperties", "properties"})
# ``discriminator`` is OpenAPI's, and points at definitions that are gone once they are inlined.
_DROPPED = frozenset({"$defs", "discriminator", "title"})

_LARGEST_INLINED = 200
"""How many schemas a definition may hold, those it refers to included, to be repeated wherever it is used."""


class _Generator(GenerateJsonSchema):
    def is_subclass_schema(self, schema: IsSubclassSchema) -> JsonSchemaValue:
        """Refuse ``type[X]``, for which pydantic has the empty schema: no JSON is ever a class."""
        return self.handle_invalid_for_json_schema(schema, "a class, which no JSON is")

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Say nothing: a default that is no JSON is left out of the schema, and the function still has it."""


def schema_of(adapter: TypeAdapter[Any]) -> dict[str, JsonValue]:
    """The JSON schema of what an adapter accepts, cleaned.

    :raises PydanticInvalidForJsonSchema: a part of it has none.
    """
    return clean(adapter.json_schema(schema_generator=_Generator))


def clean(schema: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Drop titles, put definitions in the place of references, and close objects that do not say they are open.

    A definition that contains itself, or is large, stays a reference. The result may be narrower than the validator
    (a nested model that ignores unknown keys still does): a model should be told of no more than what has a meaning.
    """
    return _Cleaning(schema.get("$defs", {})).root(schema)


class _Cleaning:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._weights: dict[str, int] = {}
        self._open: set[str] = set()
        self._recursive: set[str] = set()
        self._kept: dict[str, Any] = {}

    def root(self, schema: Mapping[str, Any]) -> dict[str, JsonValue]:
        cleaned = self.clean(schema)
        return cast(dict[str, JsonValue], {**cleaned, "$defs": self._kept} if self._kept else cleaned)

    def clean(self, schema: Mapping[str, Any]) -> Schema:
        if "$ref" in schema:
            return self._resolved(schema)
        cleaned = {key: self._part(key, value) for key, value in schema.items() if key not in _DROPPED}
        if "properties" in cleaned:
            cleaned.setdefault("additionalProperties", False)
        return cleaned

    def _part(self, key: str, value: Any) -> Any:
        if key in _ONE and isinstance(value, dict):
            return self.clean(cast(Schema, value))
        if key in _MANY:
            return [self.clean(one) for one in value]
        if key in _NAMED:
            return {name: self.clean(one) for name, one in value.items()}
        return value

    def _resolved(self, schema: Mapping[str, Any]) -> Schema:
        name = _target(schema["$ref"])
        beside = {key: value for key, value in schema.items() if key not in _DROPPED}
        if self._weight(name) > _LARGEST_INLINED:
            self._keep(name)
            return beside
        del beside["$ref"]
        return {**self.clean(self._definitions[name]), **beside}

    def _keep(self, name: str) -> None:
        if name not in self._kept:
            self._kept[name] = {}
            self._kept[name] = self.clean(self._definitions[name])

    def _weight(self, name: str) -> int:
        """How many schemas stand in a definition when it is written out; too many for one that holds itself."""
        if name in self._open:
            self._recursive.add(name)
            return 1
        if name not in self._weights:
            self._open.add(name)
            parts = list(_parts(self._definitions[name]))
            inner = [self._weight(_target(part["$ref"])) for part in parts if "$ref" in part]
            self._open.discard(name)
            written_out = len(parts) + sum(weight for weight in inner if weight <= _LARGEST_INLINED)
            self._weights[name] = _LARGEST_INLINED + 1 if name in self._recursive else written_out
        return self._weights[name]


def _target(reference: str) -> str:
    return reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")


def _parts(schema: Mapping[str, Any]) -> Iterator[Schema]:
    """A schema, and every schema inside it."""
    yield cast(Schema, schema)
    for key, value in schema.items():
        inner: Any = [value] if key in _ONE else value if key in _MANY else value.values() if key in _NAMED else ()
        for part in inner:
            if isinstance(part, dict):
                yield from _parts(cast(Schema, part))
