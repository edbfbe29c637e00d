import gc
from collections.abc import Iterator

import pytest

from loopbus import Runtime
from loopbus.runtime.collector import PATIENCE


@pytest.fixture(autouse=True)
def pythons_own() -> Iterator[None]:
    """Each test begins with a threshold that is lower than ours, and with none to be set back."""
    gc.collect()
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


async def test_the_collector_waits_longer_while_any_runtime_is_open() -> None:
    """The first runtime raises the threshold; when the last has closed, the next collection sets it back."""
    async with Runtime():
        async with Runtime():
            assert gc.get_threshold() == (PATIENCE, 10, 10)
        gc.collect()
        assert gc.get_threshold() == (PATIENCE, 10, 10)
    gc.collect()
    assert gc.get_threshold() == (700, 10, 10)


async def test_closing_begins_no_collection() -> None:
    """What a crowd of runs has left is not gone through while others wait for the loop."""
    async with Runtime():
        left = [[number] for number in range(1_000)]
    assert len(left) < gc.get_count()[0]
    assert gc.get_threshold() == (PATIENCE, 10, 10)


async def test_opening_again_before_that_keeps_the_first_threshold_in_mind() -> None:
    """What is set back in the end is the application's own, however many runtimes there were."""
    for _ in range(3):
        async with Runtime():
            pass
    gc.collect()
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("theirs", [(2 * PATIENCE, 20, 20), (0, 10, 10)])
async def test_a_collector_that_is_patient_or_off_is_left_alone(theirs: tuple[int, int, int]) -> None:
    """The threshold is never lowered, and a collector that was switched off stays off."""
    gc.set_threshold(*theirs)
    async with Runtime():
        assert gc.get_threshold() == theirs
    gc.collect()
    assert gc.get_threshold() == theirs


async def test_what_somebody_sets_meanwhile_stays() -> None:
    """The application's own choice, made while a runtime is open, is not undone when it closes."""
    async with Runtime():
        gc.set_threshold(30_000, 5, 5)
    gc.collect()
    assert gc.get_threshold() == (30_000, 5, 5)


async def test_closing_twice_gives_back_once() -> None:
    """A runtime that is closed a second time takes nothing from another that is open."""
    async with Runtime():
        other = Runtime()
        await other.open()
        await other.aclose()
        await other.aclose()
        gc.collect()
        assert gc.get_threshold() == (PATIENCE, 10, 10)
