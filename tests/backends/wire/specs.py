"""Tools and schemas for tests of requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from loopbus.backends.contract import OutputSpec


@dataclass(frozen=True)
class Spec:
    """A tool as a model is told about it."""

    name: str = "add"
    description: str = "Add."
    parameters: Mapping[str, JsonValue] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = False


def function(name: str = "add") -> dict[str, Any]:
    """The same as most wires tell it."""
    return {
        "type": "function",
        "function": {"name": name, "description": "Add.", "parameters": {"type": "object", "properties": {}}},
    }


PERSON = OutputSpec("person", {"type": "object"})
