"""How a Claude model is told to think: up to a budget of tokens, or with an effort.

Models before Claude 4.6 take a budget alone, those after it an effort alone, and 4.6 takes both.
Source: https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..contract import Settings

BUDGETS: Mapping[str, int] = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}
"""Tokens for a ``reasoning_effort``, where a model knows none. 1024 is the least that any model takes."""

EFFORTS: Mapping[str, str] = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
"""``output_config.effort`` for a ``reasoning_effort``."""

FIRST_WITH_EFFORT = LAST_WITH_BUDGET = (4, 6)

# The version follows the family in claude-opus-4-6, and goes before it in claude-3-7-sonnet. A date is no version.
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")
_NEWEST = (99, 0)
_OLDEST = (0, 0)


def thinking(model: str, settings: Settings) -> dict[str, Any]:
    """``thinking`` and ``output_config`` of a request, as far as the settings say anything of them.

    A budget for a model that counts none becomes thinking without a bound of its own.
    """
    effort, budget = settings.reasoning_effort, settings.reasoning_tokens
    if effort is None and budget is None:
        return {}
    if budget == 0 or (budget is None and effort == "none"):
        return {"thinking": {"type": "disabled"}}
    version = _version(model)
    if budget is None and effort is not None and version < FIRST_WITH_EFFORT:
        budget = BUDGETS[effort]
    if budget is not None and version <= LAST_WITH_BUDGET:
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    fields: dict[str, Any] = {"thinking": {"type": "adaptive"}}
    if effort is not None and effort in EFFORTS:
        fields["output_config"] = {"effort": EFFORTS[effort]}
    return fields


def goes_on_unthought(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last turn is one of tool calls that began without a thought, as another model's does.

    A model with a budget refuses to begin to think in the middle of one; it can when the turn is over. The messages are
    those of Anthropic Messages, or of Bedrock's Converse.
    """
    turn = list(_last_turn(messages))
    return bool(turn) and not any(_is_thought(block) for message in turn for block in message["content"])


def _last_turn(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The model's messages since the user last spoke, if the user's side did not speak since but to answer calls."""
    for message in reversed(messages):
        if message["role"] == "assistant":
            yield message
        elif not any(_is_result(block) for block in message["content"]):
            return


def _is_thought(block: Mapping[str, Any]) -> bool:
    return block.get("type") in ("thinking", "redacted_thinking") or "reasoningContent" in block


def _is_result(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "tool_result" or "toolResult" in block


def _version(model: str) -> tuple[int, int]:
    """A Claude without a number is taken for a new one; others who speak Messages know budgets."""
    found = _VERSION.search(model)
    if found is None:
        return _NEWEST if "claude" in model else _OLDEST
    return int(found[1]), int(found[2] or 0)
