"""A digest of what all requests of an agent have in common."""

import json
from collections.abc import Mapping
from dataclasses import fields
from hashlib import sha256
from typing import cast

from .spec import AgentSpec


def setup_of(agent: AgentSpec) -> str:
    """SHA-256, in hex, of tools, settings and output: agents with the same one ask the same model the same way.

    The model, the instructions and the conversation are not in it; they stand in the log.
    """
    answer = agent.answer
    said = {
        "tools": [[tool.name, tool.description, tool.parameters, tool.strict] for tool in agent.toolset],
        "settings": {each.name: getattr(agent.settings, each.name) for each in fields(agent.settings)},
        "output": None if answer is None else [agent.output_mode, answer.name, answer.description, answer.schema],
    }
    return sha256(json.dumps(said, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: object) -> object:
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else str(value)
