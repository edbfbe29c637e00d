"""What providers take in a JSON schema that they are to enforce: a row for each."""

from dataclasses import dataclass

FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"})
_LENGTHS = frozenset({"maxLength", "minLength"})
_RANGES = frozenset({"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"})
_RARE = frozenset(
    {
        "contains",
        "dependentRequired",
        "else",
        "if",
        "maxContains",
        "maxProperties",
        "minContains",
        "minProperties",
        "not",
        "patternProperties",
        "propertyNames",
        "then",
        "unevaluatedProperties",
        "uniqueItems",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDialect:
    """What a provider takes in a schema that it is to enforce."""

    told: frozenset[str] = frozenset()
    """Keywords that it refuses: they become words of the description."""
    dropped: frozenset[str] = frozenset({"discriminator"})
    formats: frozenset[str] | None = None
    """The values of ``format`` that it knows; None where it takes any."""
    closed: bool = True
    """Every object must say ``additionalProperties: false``, and every array what is in it."""
    complete: bool = False
    """Every property must be required."""
    recursive: bool = True


OPENAI = SchemaDialect(
    told=_RARE | _LENGTHS,
    dropped=frozenset({"default", "discriminator", "examples"}),
    formats=FORMATS,
    complete=True,
)
"""Chat Completions, Responses, and who copied ``strict`` from them.
https://platform.openai.com/docs/guides/structured-outputs#supported-schemas"""

ANTHROPIC = SchemaDialect(
    told=_RARE | _LENGTHS | _RANGES | {"maxItems", "minItems"}, formats=FORMATS | {"uri"}, recursive=False
)
"""Messages, and Claude behind Bedrock and Vertex.
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations"""

GEMINI = SchemaDialect(
    told=(_RARE - {"minProperties", "maxProperties"}) | {"exclusiveMaximum", "exclusiveMinimum", "multipleOf"},
    closed=False,
)
"""``responseJsonSchema`` of generateContent. https://ai.google.dev/gemini-api/docs/structured-output"""
