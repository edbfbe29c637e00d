"""What a provider's error means: one of ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypedDict, cast

from pydantic import SecretStr
from pydantic_core import from_json, to_json

from ..errors import BackendError, Broken, Busy, ContextOverflow, Refused

STATUSES: Mapping[int, type[BackendError]] = {
    408: Broken,
    409: Busy,
    424: Broken,
    425: Busy,
    429: Busy,
    503: Busy,
    529: Busy,
}
"""Statuses that say more than their hundred. 409 is a lock that times out, 424 a model behind Bedrock that broke, 529
Anthropic's overload."""

HUNDREDS: Mapping[int, type[BackendError]] = {3: Refused, 4: Refused, 5: Broken}

CODES: Mapping[str, type[BackendError]] = {
    "context_length_exceeded": ContextOverflow,
    "exceed_context_size_error": ContextOverflow,
    "model_max_prompt_tokens_exceeded": ContextOverflow,
    "tokens_limit_reached": ContextOverflow,
    "too_many_prompt_tokens": ContextOverflow,
    "billing_hard_limit_reached": Refused,
    "billing_not_active": Refused,
    "insufficient_quota": Refused,
    "ServiceQuotaExceededException": Busy,
}
"""Words of a provider that say more than the status beside them: an empty purse is a 429 that waiting won't end."""

KINDS: Mapping[str, int] = {
    "api_error": 500,
    "authentication_error": 401,
    "billing_error": 402,
    "insufficient_quota": 429,
    "internalServerException": 500,
    "internal_server_error": 500,
    "invalid_api_key": 401,
    "invalid_request_error": 400,
    "modelErrorException": 424,
    "modelStreamErrorException": 424,
    "modelTimeoutException": 408,
    "model_not_found": 404,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "request_too_large": 413,
    "server_error": 500,
    "serviceUnavailableException": 503,
    "service_unavailable": 503,
    "throttlingException": 429,
    "timeout_error": 504,
    "tokens": 429,
    "requests": 429,
    "validationException": 400,
    # https://platform.openai.com/docs/api-reference/responses/object, of a response that failed
    "bio_policy": 400,
    "content_filter": 400,
    "cyber_policy": 400,
    "data_residency_mismatch": 400,
    "empty_image_file": 400,
    "failed_to_download_image": 400,
    "image_content_policy_violation": 400,
    "image_file_not_found": 400,
    "image_file_too_large": 400,
    "image_parse_error": 400,
    "image_too_large": 400,
    "image_too_small": 400,
    "invalid_base64_image": 400,
    "invalid_image": 400,
    "invalid_image_format": 400,
    "invalid_image_mode": 400,
    "invalid_image_url": 400,
    "invalid_prompt": 400,
    "misalignment_policy_violation": 400,
    "server_is_overloaded": 503,
    "slow_down": 429,
    "unsupported_image_media_type": 400,
    "vector_store_timeout": 504,
    # https://cloud.google.com/apis/design/errors#handling_errors
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "CANCELLED": 499,
    "DATA_LOSS": 500,
    "DEADLINE_EXCEEDED": 504,
    "FAILED_PRECONDITION": 400,
    "INTERNAL": 500,
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "OUT_OF_RANGE": 400,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "UNAUTHENTICATED": 401,
    "UNAVAILABLE": 503,
    "UNIMPLEMENTED": 501,
    "UNKNOWN": 500,
}
"""The status that goes with an error told inside a stream, whose own status was 200."""

REASONS: Mapping[str, int] = {"API_KEY_INVALID": 401, "API_KEY_SERVICE_BLOCKED": 403, "SERVICE_DISABLED": 403}
"""The status that a reason of Google's means, whatever stands beside it: a wrong key is a 400 there."""

HINTS: Mapping[int, str] = {
    401: "check the key{key}",
    403: "check what the key{key} may do",
    404: "check the model's name and the base URL",
    301: "redirects are not followed: use the new address as base URL",
    302: "redirects are not followed: use the new address as base URL",
    307: "redirects are not followed: use the new address as base URL",
    308: "redirects are not followed: use the new address as base URL",
}

_OVERFLOW = re.compile(
    r"context (length|size|window)|maximum (prompt|input) length|(prompt|input|messages) (is|are|was) too long"
    r"|too many (input |prompt )?tokens|length of all messages|reduce the length|input tokens exceed"
    r"|exceeds? (the )?(context limit|maximum (length|number of tokens))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s'\"]+")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_LONGEST = 2000
_SHORTEST_KEY = 6


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks whom: the provider's name, the key and the environment variable that it comes from.

    ``secrets`` are what else nobody may read; they are looked at anew each time, so the list may change.
    """

    provider: str
    key: SecretStr | None = None
    key_variable: str = ""
    secrets: Sequence[SecretStr] = ()

    def mask(self, text: str) -> str:
        """``text`` without the key, be it whole or starred out by the provider."""
        for secret in (*self.secrets, *((self.key,) if self.key else ())):
            # A shorter one is a stand-in such as "EMPTY", and part of other words.
            if len(key := secret.get_secret_value()) >= _SHORTEST_KEY:
                text = text.replace(key, "***")
        return _WORD.sub(lambda word: "***" if "***" in word[0] else word[0], text) if "***" in text else text


@dataclass(frozen=True, slots=True)
class _Words:
    """What can be read in an error body, whatever its shape."""

    message: str
    code: str = ""
    kind: str = ""
    status: int | None = None
    reason: str = ""
    wait_s: float | None = None


def failure(
    account: Account, payload: object, *, status: int | None = None, retry_after_s: float | None = None
) -> BackendError:
    """The error for ``payload``, a provider's decoded error body, or the object told inside a stream.

    Without ``status`` the payload's own words stand for one, so an error after a 200 has the class it would have had
    as a status.
    """
    words = _words(payload)
    meant = REASONS.get(words.reason) or status or words.status or KINDS.get(words.code) or KINDS.get(words.kind) or 500
    kind = CODES.get(words.code) or CODES.get(words.kind) or STATUSES.get(meant) or HUNDREDS.get(meant // 100, Broken)
    # Without a status, 500 was only our guess.
    if (meant in (400, 413, 422) or (kind is Broken and not status)) and _OVERFLOW.search(words.message):
        kind = ContextOverflow
    code = words.code or words.kind
    label = " ".join(dict.fromkeys(str(part) for part in (status or words.status, code) if part))
    # Masked before it is cut: half a key is a leak too.
    message = account.mask(words.message)[:_LONGEST] or "no explanation"
    text = f"{account.provider} answered {label or 'with an error'}: {message}"
    if meant in HINTS:
        text += f" ({HINTS[meant].format(key=f' in {account.key_variable}' if account.key_variable else '')})"
    if kind is Busy:
        retry_after_s = _longest(retry_after_s, words.wait_s)
        return Busy(text, retry_after_s=retry_after_s, provider=account.provider, status=status, code=code)
    return kind(text, provider=account.provider, status=status, code=code)


def failure_of_reply(
    account: Account, status: int, headers: Mapping[str, str], body: bytes, *, now_s: float
) -> BackendError:
    """The error for an HTTP answer that is no success; ``now_s`` is the time in seconds since 1970."""
    try:
        payload: object = from_json(body)
    except ValueError:
        payload = " ".join(body.decode(errors="replace").split())
    if word := headers.get("x-amzn-errortype"):
        payload = with_kind(payload, word)
    if status < 400 and "location" in headers:
        payload = f"moved to {headers['location'].partition('?')[0]}"
    return failure(account, payload, status=status, retry_after_s=retry_after_s(headers, now_s))


def with_kind(payload: object, word: str) -> object:
    """``payload`` as if it told ``word`` itself: AWS says what kind of error it is beside the body.

    Of ``com.amazon.coral#ThrottlingException:http://...`` the middle counts.
    """
    fields = cast("dict[str, object]", payload) if isinstance(payload, dict) else {"message": payload}
    return {**fields, "type": word.partition(":")[0].rpartition("#")[2]}


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """How long the provider asks us to wait: the longer of ``retry-after`` (seconds or a date) and ``retry-after-ms``.

    A date is measured against the provider's own clock, where it tells it; ``now_s`` is ours.
    """
    wish = headers.get("retry-after", "")
    seconds = _number(wish)
    if seconds is None and (moment := _moment(wish)) is not None:
        seconds = max(0.0, moment - (_moment(headers.get("date", "")) or now_s))
    milliseconds = _number(headers.get("retry-after-ms", ""))
    return _longest(seconds, None if milliseconds is None else milliseconds / 1000)


def _longest(*waits: float | None) -> float | None:
    return max((wait for wait in waits if wait is not None), default=None)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _words(payload: object) -> _Words:
    if isinstance(payload, list):
        return _words(cast("list[object]", payload)[0] if payload else "")
    if not isinstance(payload, dict):
        return _Words(_text(payload))
    fields = cast("dict[str, object]", payload)
    error = fields.get("error")
    if isinstance(error, dict):
        return _words(cast("object", error))
    told = (fields.get(name) for name in ("message", "Message", "detail", "msg"))
    message = error or next(filter(None, told), fields)
    numbers = (fields.get(name) for name in ("status", "status_code", "code"))
    return _Words(
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
            told["wait_s"] = _number(delay.removesuffix("s"))
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
