"""Many texts, cut into as few requests as a provider allows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Limits(NamedTuple):
    """How much one request may hold.

    Providers count tokens, which only they can do. A token has a byte at least and four as a rule, so ``bytes`` is a
    bound that never sends much too much; what is refused all the same is halved.
    """

    texts: int
    bytes: int


def batches(texts: Sequence[str], limits: Limits) -> Iterator[range]:
    """The indices of each request, in order. A text that is over the limit by itself is alone in its request."""
    start, total = 0, 0
    for index, text in enumerate(texts):
        size = len(text) if text.isascii() else len(text.encode(errors="replace"))
        if index > start and (index - start == limits.texts or total + size > limits.bytes):
            yield range(start, index)
            start, total = index, 0
        total += size
    if start < len(texts):
        yield range(start, len(texts))
