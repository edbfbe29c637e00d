"""The schema of a tool's arguments, and whether the provider is to keep its model to it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..contract import ToolSpec
from .schema_dialects import OPENAI, SchemaDialect
from .strict_schema import strict_schema


class ToolSchema(NamedTuple):
    """What is sent of it."""

    schema: dict[str, Any]
    fields: Mapping[str, bool]
    """``strict``, where the tool says anything of it."""


def tool_schema(tool: ToolSpec, dialect: SchemaDialect = OPENAI) -> ToolSchema:
    """The schema as the provider enforces it, if the tool is strict; else as it is.

    A shape that cannot be enforced is sent as it is too, and not as strict: arguments are validated anyway.
    """
    adapted = strict_schema(tool.parameters, dialect) if tool.strict else None
    if adapted is not None:
        return ToolSchema(adapted, {"strict": True})
    return ToolSchema(dict(tool.parameters), {})
