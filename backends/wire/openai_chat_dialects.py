"""Chat Completions as each provider speaks it: the fields that some name otherwise, or do not know."""

from typing import Any

from ..contract import Settings
from .openai_chat_request import Dialect

Json = dict[str, Any]


def _switch(settings: Settings) -> Json:
    """A switch, and a word that later models read beside it."""
    wish = settings.reasoning_effort
    if wish == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": wish and {"type": "enabled"}, "reasoning_effort": wish}


def _object(settings: Settings) -> Json:
    """A word or a budget in one object: https://openrouter.ai/docs/use-cases/reasoning-tokens."""
    if settings.reasoning_tokens is not None:
        return {"reasoning": {"max_tokens": settings.reasoning_tokens}}
    return {"reasoning": settings.reasoning_effort and {"effort": settings.reasoning_effort}}


def _budget(settings: Settings) -> Json:
    """A switch and a budget: https://www.alibabacloud.com/help/en/model-studio/deep-thinking."""
    wish, budget = settings.reasoning_effort, settings.reasoning_tokens
    asked = wish is not None or budget is not None
    return {"enable_thinking": wish != "none" if asked else None, "thinking_budget": budget}


OPENAI = Dialect(max_tokens="max_completion_tokens")
OPENROUTER = Dialect(thinking=("reasoning",), reasoning=_object, cache_marks=True)
DEEPSEEK = Dialect(thinking=("reasoning_content",), reasoning=_switch)
"""It refuses to go on after a tool call without the reasoning that led to it.
https://api-docs.deepseek.com/guides/thinking_mode"""
ZAI = Dialect(thinking=("reasoning_content",), reasoning=_switch)
"""https://docs.z.ai/guides/capabilities/thinking-mode"""
ALIBABA = Dialect(thinking=("reasoning_content",), reasoning=_budget)
OPEN_WEIGHTS = Dialect(thinking=("reasoning", "reasoning_content"))
"""Servers of open models: one release reads this name, the next one that."""
