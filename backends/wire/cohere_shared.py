"""What both versions of Cohere's Chat share: how an answer ends, what it cost, and what is no answer at all."""

from collections.abc import Mapping
from typing import Any

from ...events.content import Opaque
from ...events.usage import Usage
from ..contract import BlockPiece, Delta, StopReason
from ..errors import BackendError
from .account import Account
from .failure import failure
from .fields import count
from .reader import Reader

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


class CohereReader(Reader):
    """What reads an answer of either version."""

    FORMAT = "part of a chat"
    END = "finish_reason"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._citations: list[Any] = []

    def _finish(self, calls: int) -> list[Delta]:
        """The last deltas of an answer with so many tool calls, the stop at their end.

        :raises Incomplete: there was no stop: the answer was cut.
        :raises Broken: it says that it was broken off.
        """
        self._check_end(INTERRUPTED)
        deltas: list[Delta] = []
        if self._citations:
            deltas.append(BlockPiece(Opaque(self._account.provider, {"citations": self._citations})))
        deltas.append(self._stop_piece(STOPS.get(self._stop, "other"), calls=calls))
        return deltas

    def _no_answer(self, payload: Mapping[str, Any], raw: bytes) -> BackendError:
        """The error for JSON that is no part of an answer: an error told too late for a status, or nonsense."""
        if payload.get("message") or payload.get("error"):
            return failure(self._account, payload)
        return self._misunderstood(raw, "neither an answer nor an error")


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
