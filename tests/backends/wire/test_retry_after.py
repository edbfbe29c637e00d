"""A provider's wish to wait is read from whatever form it has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.wire.retry_after import longest, retry_after_s, seconds_of


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1", "retry-after-ms": "0"}, 1),
        ({"retry-after": "1", "retry-after-ms": "2500"}, 2.5),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT", "date": "Fri, 31 Dec 1999 23:59:49 GMT"}, 10),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "99999999999999999999"}, None),
        ({"retry-after": "Mon, 01 Jan 99999 00:00:00 GMT"}, None),
    ],
)
def test_the_wait_is_read_from_every_form(headers: dict[str, str], wait: float | None) -> None:
    """Seconds, a date against the provider's own clock or else ours (here 10 s after 1970 began), milliseconds."""
    assert retry_after_s(headers, now_s=10) == wait


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_header_is_a_wait_or_none(seconds: str, date: str) -> None:
    """A header that means nothing is no reason to fail."""
    wait = retry_after_s({"retry-after": seconds, "retry-after-ms": seconds, "date": date}, now_s=0)
    assert wait is None or wait >= 0


@given(st.text(max_size=20))
def test_text_is_a_plain_number_or_none(text: str) -> None:
    """Signs, exponents and names of numbers are nothing to wait for."""
    seconds = seconds_of(text)
    assert seconds is None or 0 <= seconds < 1e9


def test_the_longest_of_no_waits_is_none() -> None:
    """Zero would be a wish."""
    assert longest() is None
    assert longest(None, None) is None
    assert longest(None, 0.0, 2.0) == 2.0
