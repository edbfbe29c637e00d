"""A name means a row and a model, or says what to write."""

from collections.abc import Callable
from typing import Any

import pytest

from loopbus.backends import resolve
from loopbus.backends.directory import Directory, Named
from loopbus.backends.embeddings import embedder
from loopbus.backends.errors import NotConfigured

BOOK = Directory(
    rows={"acme": 1, "zenith": 2},
    any_address=0,
    aliases={"top": "zenith"},
    others=("local",),
    noun="singer",
    servers="server that sings",
)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("acme:tenor", Named("acme", 1, "tenor", None)),
        ("acme:ft:tenor:me", Named("acme", 1, "ft:tenor:me", None)),
        ("top:tenor", Named("zenith", 2, "tenor", None)),
        ("http://h.example:8000/v1#a/b:c", Named("h.example", 0, "a/b:c", "http://h.example:8000/v1")),
    ],
)
def test_a_name_is_a_provider_s_or_an_address(name: str, named: Named[int]) -> None:
    """What stands behind the first colon, or behind the ``#``, is the model's."""
    assert BOOK.find(name) == named


@pytest.mark.parametrize("by_name", [resolve, embedder])
@pytest.mark.parametrize("name", [5, None, ["local"]])
def test_what_is_no_name_is_refused(by_name: Callable[[Any], object], name: object) -> None:
    """As an error of ours, with the form that names have."""
    with pytest.raises(NotConfigured, match="is no model's name: write PROVIDER:MODEL"):
        by_name(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("acme", "no model is named: write acme:MODEL"),
        ("top:", "no model is named: write zenith:MODEL"),
        ("http://h/v1", "no model is named: write http://h/v1#MODEL"),
        ("akme:tenor", "no singer is called 'akme:tenor'; did you mean 'acme:tenor'? Write PROVIDER:MODEL"),
        ("locl", "did you mean 'local'"),
        ("x:y", "for any server that sings. The providers are local, acme, zenith"),
    ],
)
def test_a_name_that_means_nothing_says_what_to_write(name: str, words: str) -> None:
    """The form that lacks a part, the nearest name, or all of them."""
    with pytest.raises(NotConfigured) as caught:
        BOOK.find(name)
    assert words in str(caught.value)
