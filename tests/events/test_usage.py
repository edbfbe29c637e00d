"""Token counts."""

from hypothesis import given
from hypothesis import strategies as st

from loopbus.events import Usage

USAGE = st.builds(Usage, *[st.integers(0, 1000)] * 5)


def test_counts_are_added_one_by_one() -> None:
    """Each kind for itself; the total is prompt and reply, of which the other kinds are parts."""
    total = Usage(1, 2, 3, 4, 5) + Usage(10, 20, 30, 40, 50)
    assert total == Usage(11, 22, 33, 44, 55)
    assert total.total_tokens == 33


@given(USAGE, USAGE, USAGE)
def test_the_order_of_adding_does_not_matter(one: Usage, two: Usage, three: Usage) -> None:
    """Nor does nothing."""
    assert (one + two) + three == three + (two + one)
    assert one + Usage() == one
