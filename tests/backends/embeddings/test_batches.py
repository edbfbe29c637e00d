"""Texts are cut into as few requests as the limits allow."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.embeddings.batches import Limits, batches


@given(st.lists(st.text(max_size=12), max_size=30), st.integers(1, 6), st.integers(1, 30))
def test_every_text_is_in_one_request_and_none_could_be_saved(texts: list[str], most: int, size: int) -> None:
    """Within the limits, in order; and no request could have taken the first text of the next."""
    parts = list(batches(texts, Limits(most, size)))
    assert [index for part in parts for index in part] == list(range(len(texts)))
    sizes = [len(text.encode(errors="replace")) for text in texts]
    for part in parts:
        assert len(part) == 1 or (len(part) <= most and sum(sizes[index] for index in part) <= size)
    for part, following in pairwise(parts):
        assert len(part) == most or sum(sizes[index] for index in part) + sizes[following[0]] > size


def test_bytes_count_and_not_characters() -> None:
    """A Chinese character has three, and often as many tokens."""
    assert [len(part) for part in batches(["你好"] * 4, Limits(10, 12))] == [2, 2]


def test_a_text_over_the_limit_is_alone() -> None:
    """It is for the provider to say what it thinks of it."""
    assert list(batches(["a", "b" * 50, "c"], Limits(10, 20))) == [range(1), range(1, 2), range(2, 3)]
