"""Texts, looked at before anything is sent or computed."""

from collections.abc import Iterable, Sequence
from typing import cast

from .errors import BadText


def check_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """``texts``, as they are now.

    :raises BadText: one of them is blank or no text, or ``texts`` itself is one text.
    """
    if not isinstance(texts, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise BadText(f"texts must be a list of texts, and it is {texts!r:.40}")
    if isinstance(texts, str | bytes):
        # A str is a sequence of str too: each letter would get a vector, and a bill.
        raise BadText(f"texts must be a list of texts, and it is one: write [{texts[:20]!r}...]")
    checked = tuple(texts)
    for index, text in enumerate(cast("tuple[object, ...]", checked)):
        if not isinstance(text, str):
            raise BadText(f"texts[{index}] is no text but {type(text).__name__}", index=index)
        if not text or text.isspace():
            raise BadText(f"texts[{index}] is blank, so there is nothing to embed: leave it out", index=index)
    return checked
