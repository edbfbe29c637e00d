"""JSON is found in what a model wrote, wherever it stands there."""

import json
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.tools.json_words import find_json

PROSE = st.text(st.characters(codec="utf-8", exclude_characters='{}[]"0123456789'), max_size=30)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": {"b": 1}}', [{"a": {"b": 1}}]),
        (" [1, 2] ", [[1, 2]]),
        ("7", [7]),
        ('```json\n{"a": 1}\n```', [{"a": 1}]),
        ('First {"a": 1}, then {"a": {"b": 2}}.', [{"a": {"b": 2}}, {"a": 1}]),
        ('if (x) { y } else {"a": 1}', [{"a": 1}]),
        ('{"a": 1', []),
        ("nothing at all", []),
        ("", []),
        ('{"a": NaN} or Infinity', []),
    ],
)
def test_the_whole_text_or_the_objects_in_it(text: str, found: list[object]) -> None:
    """The last object comes first, and what stands in another is part of that."""
    assert list(find_json(text)) == found


@given(PROSE, PROSE, st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3))
def test_an_object_is_found_among_any_words(before: str, after: str, value: dict[str, object]) -> None:
    """Whatever the words are."""
    assert next(find_json(f"{before} {json.dumps(value)} {after}")) == value


def test_braces_without_end_cost_no_time() -> None:
    """A model that goes round in circles cannot hold up the event loop."""
    for text in ("{" * 200_000, '{"a":' * 100_000, "{ " * 100_000 + '{"a": 1}'):
        began = perf_counter()
        list(find_json(text))
        assert perf_counter() - began < 2
