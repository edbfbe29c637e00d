"""How to sample is checked where it is written."""

from typing import Any

import pytest

from loopbus.backends import NotConfigured, Settings


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"temperature": "hot"}, r"Settings\(temperature='hot'\): give a finite number, or None"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"top_p": float("inf")}, "top_p=inf"),
        ({"max_tokens": 1.5}, "max_tokens=1.5.*: give a whole number, or None"),
        ({"stop": "END"}, r"give a tuple of texts, as in stop=\('END',\)"),
    ],
)
def test_settings_that_no_provider_could_be_sent_are_refused_where_they_are_written(
    wrong: dict[str, Any], words: str
) -> None:
    """And not as a body that is no JSON, or a stop at each letter."""
    with pytest.raises(NotConfigured, match=words):
        Settings(**wrong)
