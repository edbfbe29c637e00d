"""Texts are looked at before they cost anything."""

from typing import Any

import pytest

from loopbus.backends.embeddings import BadText
from loopbus.backends.embeddings.texts import check_texts


def test_texts_are_taken_as_they_are_now() -> None:
    """A list that changes later changes nothing."""
    texts = ["a", " b "]
    checked = check_texts(texts)
    texts.clear()
    assert checked == ("a", " b ")


@pytest.mark.parametrize(
    ("texts", "index", "says"),
    [
        ("hello", None, r"it is one: write \['hello'\.\.\.\]"),
        (b"hello", None, "must be a list of texts"),
        (None, None, "must be a list of texts, and it is None"),
        (["a", None], 1, r"texts\[1\] is no text but NoneType"),
        ([b"a"], 0, r"texts\[0\] is no text but bytes"),
        (["a", "b", "\u2003"], 2, r"texts\[2\] is blank"),
    ],
)
def test_what_cannot_be_embedded_is_named(texts: Any, index: int | None, says: str) -> None:
    """By its index, with what to do."""
    with pytest.raises(BadText, match=says) as caught:
        check_texts(texts)
    assert caught.value.index == index
