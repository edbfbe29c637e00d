"""How answers of generateContent end: in words, in numbers, and what they took."""

from typing import Any

import pytest

from loopbus.backends.wire.gemini_end import BLOCKED, FINISHED, read_usage, reason_in
from loopbus.events.usage import Usage


@pytest.mark.parametrize(
    ("told", "word"),
    [("STOP", "STOP"), (2, "MAX_TOKENS"), (19, "19"), ("FINISH_REASON_UNSPECIFIED", ""), (0, ""), (None, "")],
)
def test_an_end_is_told_in_a_word_or_by_its_number(told: Any, word: str) -> None:
    """Vertex AI is asked for numbers by some; one that does not mean the same everywhere stays a number."""
    assert reason_in(told, FINISHED) == word


def test_the_same_number_blocks_a_prompt_for_another_reason() -> None:
    """They are counted apart."""
    assert (reason_in(1, FINISHED), reason_in(1, BLOCKED)) == ("STOP", "SAFETY")


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"promptTokenCount": None, "candidatesTokenCount": "3"}, Usage()),
        (
            {
                "promptTokenCount": 10,
                "cachedContentTokenCount": 4,
                "toolUsePromptTokenCount": 100,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 7,
                "totalTokenCount": 122,
            },
            Usage(110, 12, 4, 0, 7),
        ),
    ],
)
def test_counts_are_brought_into_one_way_of_counting(counts: dict[str, Any], usage: Usage) -> None:
    """Thoughts are output, what Google's tools gave to read is input, and the total is the provider's."""
    assert read_usage(counts) == usage
    assert usage.total_tokens == counts.get("totalTokenCount", 0)
