"""How a Responses answer ended, and what it took.

Source of the format: https://platform.openai.com/docs/api-reference/responses/object.
"""

from collections.abc import Mapping
from typing import Any

from ...events.usage import Usage
from ..contract import StopReason
from .fields import count, text

Json = dict[str, Any]

STOPS: Mapping[str, StopReason] = {
    "completed": "end",
    "incomplete": "length",
    "incomplete:content_filter": "content_filter",
    "incomplete:max_output_tokens": "length",
}
"""``status``, with the reason behind a colon where there is one, in our words; any other is ``other``."""

UNFINISHED = frozenset({"in_progress", "queued"})
"""``status`` of an answer that was asked for too early: it runs in the background."""

INTERRUPTED = frozenset({"cancelled"})
"""``status`` of an answer that was broken off."""


def raw_stop(answer: Json, status: str) -> str:
    """The provider's own words for the end; with a reason to be incomplete an answer is, whatever its status."""
    details: Json = answer.get("incomplete_details") or {}
    reason = details.get("reason")
    return f"incomplete:{text(reason)}" if reason else status


def stop_reason(raw: str) -> StopReason:
    """The same in ours."""
    return STOPS.get(raw) or STOPS.get(raw.partition(":")[0], "other")


def read_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting; what a provider leaves out is 0.

    ``input_tokens`` has what was read from and written to the cache inside, ``output_tokens`` the reasoning, as ours.
    """
    sent: Json = counts.get("input_tokens_details") or {}
    written: Json = counts.get("output_tokens_details") or {}
    return Usage(
        input_tokens=count(counts.get("input_tokens")),
        output_tokens=count(counts.get("output_tokens")),
        cached_tokens=count(sent.get("cached_tokens")),
        cache_write_tokens=count(sent.get("cache_write_tokens")),
        reasoning_tokens=count(written.get("reasoning_tokens")),
    )
