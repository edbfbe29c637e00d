"""What a Chat Completion took, and where those who speak it tell so.

Source of the format: https://platform.openai.com/docs/api-reference/chat/object.
"""

from collections.abc import Mapping
from typing import Any

from ...events.usage import Usage
from .fields import count


def read_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting; what a provider leaves out is 0."""
    prompt: dict[str, Any] = counts.get("prompt_tokens_details") or {}
    completion: dict[str, Any] = counts.get("completion_tokens_details") or {}
    sent, written = count(counts.get("prompt_tokens")), count(counts.get("completion_tokens"))
    reasoning = count(completion.get("reasoning_tokens"))
    # xAI counts reasoning beside the completion; its total gives it away.
    if reasoning and counts.get("total_tokens") == sent + written + reasoning:
        written += reasoning
    return Usage(
        input_tokens=sent,
        output_tokens=written,
        # DeepSeek's own name for it came first.
        cached_tokens=count(prompt.get("cached_tokens") or counts.get("prompt_cache_hit_tokens")),
        cache_write_tokens=count(prompt.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
    )


def groq_usage(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The counts in a corner of their own, where Groq's streams once told them."""
    corner: Mapping[str, Any] | None = answer.get("x_groq")
    return corner.get("usage") if corner else None
