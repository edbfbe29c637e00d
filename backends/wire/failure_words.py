"""What can be read in the body of a provider's error, whatever its shape."""

from dataclasses import dataclass
from typing import TypedDict, cast

from pydantic_core import to_json

from .failure_kinds import KINDS
from .retry_after import seconds_of


@dataclass(frozen=True, slots=True)
class Words:
    """What was read; ``wait_s`` is how long the provider asks us to wait."""

    message: str
    code: str = ""
    kind: str = ""
    status: int | None = None
    reason: str = ""
    wait_s: float | None = None


def read_words(payload: object) -> Words:
    """What ``payload`` says, decoded JSON or text."""
    if isinstance(payload, list):
        return read_words(cast("list[object]", payload)[0] if payload else "")
    if not isinstance(payload, dict):
        return Words(_text(payload))
    fields = cast("dict[str, object]", payload)
    error = fields.get("error")
    if isinstance(error, dict):
        return read_words(cast("object", error))
    told = (fields.get(name) for name in ("message", "Message", "detail", "msg"))
    message = error or next(filter(None, told), fields)
    numbers = (fields.get(name) for name in ("status", "status_code", "code"))
    return Words(
        _text(message) + _upstream(fields.get("metadata")),
        code=_google_word(fields.get("status")) or _name(fields.get("code")),
        kind=_name(fields.get("type")),
        status=next((number for number in numbers if isinstance(number, int) and 100 <= number < 600), None),
        **_google_details(fields.get("details")),
    )


def _google_word(status: object) -> str:
    # Google's own word stands where others have a number, and its ``code`` is that number.
    return status if isinstance(status, str) and status in KINDS else ""


class _Details(TypedDict, total=False):
    reason: str
    wait_s: float | None


def _google_details(details: object) -> _Details:
    """What ``ErrorInfo`` and ``RetryInfo`` say (https://github.com/googleapis/googleapis/tree/master/google/rpc)."""
    told: _Details = {}
    for detail in cast("list[object]", details) if isinstance(details, list) else ():
        fields = cast("dict[str, object]", detail) if isinstance(detail, dict) else {}
        if isinstance(reason := fields.get("reason"), str):
            told["reason"] = reason
        if isinstance(delay := fields.get("retryDelay"), str):
            told["wait_s"] = seconds_of(delay.removesuffix("s"))
    return told


def _upstream(metadata: object) -> str:
    # OpenRouter's own message is "Provider returned error"; what that provider said stands in ``raw``.
    raw = cast("dict[str, object]", metadata).get("raw") if isinstance(metadata, dict) else None
    return f": {_text(raw)}" if raw else ""


def _name(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _text(value: object) -> str:
    if not value:
        return ""
    return value if isinstance(value, str) else to_json(value, fallback=str).decode()
