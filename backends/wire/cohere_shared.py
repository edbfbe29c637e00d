"""What both versions of Cohere's Chat share: how an answer ends, what it cost, and what is no answer at all."""

from collections.abc import Mapping
from typing import Any

from ...events.usage import Usage
from ..contract import StopPiece, StopReason
from ..errors import BackendError, Broken, Incomplete, Misunderstood
from .failure import Account, failure
from .fields import count

STOPS: Mapping[str, StopReason] = {
    "COMPLETE": "end",
    "STOP_SEQUENCE": "stop_sequence",
    "TOOL_CALL": "tool_calls",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "ERROR_TOXIC": "content_filter",
}
"""``finish_reason``, in our words; any other is ``other``."""

INTERRUPTED = frozenset({"ERROR", "TIMEOUT", "USER_CANCEL"})
"""``finish_reason`` of an answer that Cohere itself broke off."""


def read_stop(account: Account, raw: str, calls: int) -> StopPiece:
    """The stop for ``raw``, Cohere's own word, after an answer with so many tool ``calls``.

    :raises Incomplete: there is no such word: the answer was cut.
    :raises Broken: it says that the answer was broken off.
    """
    provider = account.provider
    if not raw:
        raise Incomplete(f"{provider} ended in the middle of the reply (no finish_reason)", provider=provider)
    if raw in INTERRUPTED:
        raise Broken(f"{provider} broke off the reply ({raw})", provider=provider, code=raw)
    reason = STOPS.get(raw, "other")
    return StopPiece("tool_calls" if calls and reason == "end" else reason, raw)


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting, out of ``usage`` (version 2) or ``meta`` (version 1).

    ==================== ====================================================================================
    ``input_tokens``     ``tokens.input_tokens``, which has the cached ones inside
    ``output_tokens``    ``tokens.output_tokens``, which has the reasoning inside
    ``cached_tokens``    ``cached_tokens``
    ``reasoning_tokens`` ``tokens.reasoning_tokens``
    ==================== ====================================================================================

    Billed units leave out what Cohere adds to a prompt. They count only where nothing else is told.
    """
    tokens: Mapping[str, Any] = usage.get("tokens") or usage.get("billed_units") or {}
    return Usage(
        input_tokens=count(tokens.get("input_tokens")),
        output_tokens=count(tokens.get("output_tokens")),
        cached_tokens=count(usage.get("cached_tokens")),
        reasoning_tokens=count(tokens.get("reasoning_tokens")),
    )


def no_answer(account: Account, payload: Mapping[str, Any], raw: bytes) -> BackendError:
    """The error for JSON that is no part of an answer: an error told too late for a status, or nonsense."""
    if payload.get("message") or payload.get("error"):
        return failure(account, payload)
    return misunderstood(account, raw, "neither an answer nor an error")


def misunderstood(account: Account, raw: bytes, why: object) -> Misunderstood:
    """The error for JSON of the wrong shape."""
    provider = account.provider
    return Misunderstood(f"{provider} sent what is no part of a chat ({why})", frame=raw, provider=provider)
