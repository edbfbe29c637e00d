"""The end of a Responses answer: in our words, and in our way of counting."""

from typing import Any

import pytest

from loopbus.backends.contract import StopReason
from loopbus.backends.wire.openai_responses_end import raw_stop, read_usage, stop_reason
from loopbus.events.usage import Usage


@pytest.mark.parametrize(
    ("status", "reason", "raw", "ours"),
    [
        ("completed", None, "completed", "end"),
        ("incomplete", "max_output_tokens", "incomplete:max_output_tokens", "length"),
        ("incomplete", "content_filter", "incomplete:content_filter", "content_filter"),
        ("incomplete", "steered", "incomplete:steered", "length"),
        ("incomplete", None, "incomplete", "length"),
        ("completed", "max_output_tokens", "incomplete:max_output_tokens", "length"),
        ("sideways", None, "sideways", "other"),
    ],
)
def test_an_end_is_told_in_our_words_and_in_theirs(status: str, reason: str | None, raw: str, ours: StopReason) -> None:
    """Whatever makes an answer incomplete, it was cut."""
    told = raw_stop({"incomplete_details": reason and {"reason": reason}}, status)
    assert (told, stop_reason(told)) == (raw, ours)


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"input_tokens": None, "output_tokens": "3"}, Usage()),
        (
            {
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 3},
                "total_tokens": 15,
            },
            Usage(10, 5, 4, 2, 3),
        ),
    ],
)
def test_counts_are_brought_into_one_way_of_counting(counts: dict[str, Any], usage: Usage) -> None:
    """Nothing counts as none."""
    assert read_usage(counts) == usage
