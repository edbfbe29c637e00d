"""Ways to cut bytes into chunks."""

from itertools import pairwise

from hypothesis import strategies as st

EDGE = 2_000
STRIDE = 61
"""A prime, so that the cuts fall on another place of each line."""


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """``data`` cut at ``places``."""
    ends = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


def cut_at_both_ends(data: bytes) -> list[bytes]:
    """``data`` byte by byte, but for the middle of what is long, where what comes is more of the same."""
    end = max(EDGE, len(data) - EDGE)
    return cut_at(data, [*range(1, min(EDGE, len(data))), *range(EDGE, end, STRIDE), *range(end, len(data))])


def cut_anywhere(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """``data`` in chunks, some of them empty: whole, byte by byte, or anything between."""
    places = st.lists(st.integers(0, len(data)), max_size=20).map(lambda found: cut_at(data, found))
    return st.one_of(st.just([data]), st.just(cut_at(data, list(range(len(data))))), places)
