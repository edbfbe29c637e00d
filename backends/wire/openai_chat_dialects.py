"""Chat Completions as each provider speaks it: the fields that some name otherwise, or do not know."""

from typing import Any

from ..contract import Settings
from .openai_chat_request import Dialect

Json = dict[str, Any]


def _switch(settings: Settings) -> Json:
    """On or off, as DeepSeek and Z.ai have it."""
    wish = settings.reasoning_effort
    return {"thinking": wish and {"type": "disabled" if wish == "none" else "enabled"}}


def _object(settings: Settings) -> Json:
    """A word or a budget in one object. https://openrouter.ai/docs/use-cases/reasoning-tokens"""
    if settings.reasoning_tokens is not None:
        return {"reasoning": {"max_tokens": settings.reasoning_tokens}}
    return {"reasoning": settings.reasoning_effort and {"effort": settings.reasoning_effort}}


def _budget(settings: Settings) -> Json:
    """A switch and a budget. https://www.alibabacloud.com/help/en/model-studio/deep-thinking"""
    wish, budget = settings.reasoning_effort, settings.reasoning_tokens
    asked = wish is not None or budget is not None
    return {"enable_thinking": wish != "none" if asked else None, "thinking_budget": budget}


def _switch_and_word(settings: Settings) -> Json:
    """DeepSeek's later models take a word beside the switch. https://api-docs.deepseek.com/guides/thinking_mode"""
    wish = settings.reasoning_effort
    return _switch(settings) | {"reasoning_effort": None if wish == "none" else wish}


OPENAI = Dialect(max_tokens="max_completion_tokens")
OPENROUTER = Dialect(thinking=("reasoning",), reasoning=_object, cache_marks=True)
DEEPSEEK = Dialect(thinking=("reasoning_content",), reasoning=_switch_and_word)
"""It refuses to go on after a tool call without the reasoning that led to it.
https://api-docs.deepseek.com/guides/thinking_mode"""
ZAI = Dialect(thinking=("reasoning_content",), reasoning=_switch)
ALIBABA = Dialect(thinking=("reasoning_content",), reasoning=_budget)
OPEN_WEIGHTS = Dialect(thinking=("reasoning", "reasoning_content"))
"""Servers of open models: one release reads this name, the next one that."""
