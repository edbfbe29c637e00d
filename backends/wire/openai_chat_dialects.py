"""Chat Completions as each provider speaks it: the fields that some name otherwise, or do not know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...events.content import Block
from ..contract import Settings
from .chat_turns import EASY, Manners

Json = dict[str, Any]


def effort(settings: Settings) -> Json:
    """How much to reason, as OpenAI asks for it: a word, and no budget in tokens."""
    return {"reasoning_effort": settings.reasoning_effort}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where those who speak Chat Completions differ.

    ``max_tokens`` and ``thinking`` are field names; without any for ``thinking``, earlier reasoning is left out of the
    request. ``reasoning`` writes how much to reason; with ``cache_marks``, a text says whether it is to be cached.
    Without ``refusals``, what a model said to refuse goes back as text. ``returned`` is what goes back of that which is
    told about an answer.
    """

    max_tokens: str = "max_tokens"
    thinking: tuple[str, ...] = ()
    usage_in_stream: bool = True
    reasoning: Callable[[Settings], Json] = effort
    cache_marks: bool = False
    refusals: bool = True
    returned: frozenset[str] = frozenset()
    manners: Manners = EASY
    parts: Mapping[type[Block], Callable[[Any], Json]] = field(default_factory=dict[type[Block], Callable[[Any], Json]])
    """What writes a kind of block that is written otherwise than OpenAI has it."""


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


CHAT = Dialect()
OPENAI = Dialect(max_tokens="max_completion_tokens", manners=Manners(longest_id=40))
OPENROUTER = Dialect(thinking=("reasoning",), reasoning=_object, cache_marks=True, returned=frozenset({"annotations"}))
"""With its annotations it need not read, and bill, a file again.
https://openrouter.ai/docs/features/multimodal/pdfs"""
DEEPSEEK = Dialect(thinking=("reasoning_content",), reasoning=_switch)
"""It refuses to go on after a tool call without the reasoning that led to it.
https://api-docs.deepseek.com/guides/thinking_mode"""
ZAI = Dialect(thinking=("reasoning_content",), reasoning=_switch)
"""https://docs.z.ai/guides/capabilities/thinking-mode"""
PERPLEXITY = Dialect(refusals=False, manners=Manners(alternates=True))
"""https://docs.perplexity.ai/docs/sonar/quickstart"""
ALIBABA = Dialect(thinking=("reasoning_content",), reasoning=_budget)
OPEN_WEIGHTS = Dialect(thinking=("reasoning", "reasoning_content"))
"""Servers of open models: one release reads this name, the next one that."""
