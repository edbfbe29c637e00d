"""How long a provider asks us to wait."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """How long the provider asks us to wait: the longer of ``retry-after`` (seconds or a date) and ``retry-after-ms``.

    A date is measured against the provider's own clock, where it tells it; ``now_s`` is ours.
    """
    wish = headers.get("retry-after", "")
    seconds = seconds_of(wish)
    if seconds is None and (moment := _moment(wish)) is not None:
        seconds = max(0.0, moment - (_moment(headers.get("date", "")) or now_s))
    milliseconds = seconds_of(headers.get("retry-after-ms", ""))
    return longest(seconds, None if milliseconds is None else milliseconds / 1000)


def longest(*waits: float | None) -> float | None:
    """The longest of the waits that are known; None if none is."""
    return max((wait for wait in waits if wait is not None), default=None)


def seconds_of(text: str) -> float | None:
    """The plain number in ``text``; None if it is something else."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
