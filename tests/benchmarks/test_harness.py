import asyncio
import gc
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness import Effort, Pairs, Sample, Stopwatch, interleave

SECONDS = st.floats(min_value=1e-9, max_value=1e3)


def sampler(name: str, order: list[str]) -> Sample:
    """A sample that notes when it is taken and costs as many seconds as samples came before it."""

    async def sample() -> float:
        order.append(name)
        return float(len(order))

    return sample


async def test_samples_are_interleaved_and_every_second_round_is_turned_around() -> None:
    """Whatever slows the machine for a while slows both sides, and neither is always the first."""
    order: list[str] = []
    taken = await interleave({"a": sampler("a", order), "b": sampler("b", order)}, Effort(rounds=3))
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"
    assert taken == {"a": [3.0, 6.0, 7.0], "b": [4.0, 5.0, 8.0]}


async def test_the_round_that_warms_up_is_not_counted() -> None:
    """What is made once, such as a cache, is no part of a figure."""
    costs = iter([100.0, 1.0, 1.0])

    async def sample() -> float:
        return next(costs)

    assert await interleave({"a": sample}, Effort(rounds=2)) == {"a": [1.0, 1.0]}


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1))
def test_ratios_are_taken_pair_by_pair(pairs: list[tuple[float, float]]) -> None:
    """A ratio compares what was measured side by side, and the median lies between the extremes."""
    measured = Pairs([one for one, _ in pairs], [other for _, other in pairs])
    assert measured.ratios == [one / other for one, other in pairs]
    assert min(measured.ratios) <= measured.ratio <= max(measured.ratios)
    assert min(measured.contender) <= measured.value <= max(measured.contender)


def test_a_pair_without_its_other_half_is_an_error() -> None:
    """A round that was lost cannot shift the rounds behind it."""
    with pytest.raises(ValueError, match="shorter"):
        _ = Pairs([1.0, 2.0], [1.0]).ratios


def test_the_stopwatch_counts_cpu_and_not_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU time is the process's own; wall time is the world's."""
    monkeypatch.setattr(time, "process_time", iter([5.0, 5.5]).__next__)
    monkeypatch.setattr(time, "perf_counter", iter([7.0, 9.0]).__next__)
    with Stopwatch() as watch:
        pass
    assert (watch.cpu_s, watch.wall_s) == (0.5, 2.0)


def test_the_garbage_of_one_sample_is_not_charged_to_the_next() -> None:
    """Everything is collected before the clock starts, and the collector stays on while it runs."""
    loop: list[object] = []
    loop.append(loop)
    alive = [True]
    marker = _Dies(alive)
    loop.append(marker)
    del loop, marker
    with Stopwatch():
        assert alive == [False]
        assert gc.isenabled()


class _Dies:
    def __init__(self, alive: list[bool]) -> None:
        self._alive = alive

    def __del__(self) -> None:
        self._alive[0] = False


@given(st.integers(0, 10**6), st.floats(0.0, 1.0), st.integers(1, 10))
def test_less_effort_is_less_work_but_never_none(full: int, scale: float, least: int) -> None:
    """A quick look does the same things fewer times."""
    assert least <= Effort(1, scale).times(full, least) <= max(full, least)
    assert Effort(9, scale).at_most(3) == Effort(3, scale)
    assert Effort(2, scale).at_most(3) == Effort(2, scale)


def test_samples_run_on_one_loop() -> None:
    """Contender and floor share the event loop, so neither pays for making one."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def sample() -> float:
        loops.append(asyncio.get_running_loop())
        return 1.0

    asyncio.run(interleave({"a": sample, "b": sample}, Effort(rounds=1)))
    assert len(set(loops)) == 1
