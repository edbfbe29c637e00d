"""What a provider's error means: one of ours."""

from collections.abc import Mapping
from typing import cast

from pydantic_core import from_json

from ..errors import BackendError, Broken, Busy, ContextOverflow
from .account import Account
from .failure_kinds import CODES, HINTS, HUNDREDS, KINDS, OVERFLOW, REASONS, STATUSES
from .failure_words import read_words
from .retry_after import longest, retry_after_s

_LONGEST = 2000
"""Characters of a provider's own words."""


def failure(
    account: Account, payload: object, *, status: int | None = None, retry_after_s: float | None = None
) -> BackendError:
    """The error for ``payload``, a provider's decoded error body, or the object told inside a stream.

    Without ``status`` the payload's own words stand for one, so an error after a 200 has the class it would have had
    as a status.
    """
    words = read_words(payload)
    meant = REASONS.get(words.reason) or status or words.status or KINDS.get(words.code) or KINDS.get(words.kind) or 500
    kind = CODES.get(words.code) or CODES.get(words.kind) or STATUSES.get(meant) or HUNDREDS.get(meant // 100, Broken)
    # Without a status, 500 was only our guess.
    if (meant in (400, 413, 422) or (kind is Broken and not status)) and OVERFLOW.search(words.message):
        kind = ContextOverflow
    code = words.code or words.kind
    label = " ".join(dict.fromkeys(str(part) for part in (status or words.status, code) if part))
    # Masked before it is cut: half a key is a leak too.
    message = account.mask(words.message)[:_LONGEST] or "no explanation"
    text = f"{account.provider} answered {label or 'with an error'}: {message}"
    if meant in HINTS:
        text += f" ({HINTS[meant].format(key=f' in {account.key_variable}' if account.key_variable else '')})"
    if kind is Busy:
        retry_after_s = longest(retry_after_s, words.wait_s)
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
