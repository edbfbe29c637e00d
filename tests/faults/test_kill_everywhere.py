"""Kill a process at every write: nothing that anybody was told of is lost, and nothing is done twice in silence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .deadly import Cut, log_at
from .errand import Life
from .inquest import check_runs
from .mortals import Mortals

LATER_S = 3_600.0
"""How much later the next process lives: leases that were held when it was killed have ended by then."""


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    """Processes to be killed."""
    with Mortals() as server:
        yield server


class Fate:
    """A run in a file of its own, and the processes that drive it one after the other."""

    def __init__(self, folder: Path, mortals: Mortals) -> None:
        self.url = f"sqlite:///{folder / 'runs.db'}"
        self.diary = str(folder / "diary")
        self._mortals = mortals
        self._lives = 0
        folder.mkdir()

    def live(self, cut: Cut | None = None) -> bool:
        """Let a process begin the run, or go on with it; the answer is whether it lived to the end."""
        begin = () if self._lives else ("go",)
        # It is processes that die here, and the disk stays: there is nothing to wait for it for.
        life = Life(
            url=self.url,
            diary=self.diary,
            begin=begin,
            cut=cut,
            ahead_s=self._lives * LATER_S,
            survives="process-crash",
        )
        self._lives += 1
        return self._mortals.live(life)

    async def check(self) -> int:
        """Check what has come of it; says how many runs there are, which is one if it ever began."""
        async with log_at(self.url) as log:
            return await check_runs(log, self.diary)


async def test_a_run_survives_a_kill_at_each_of_its_writes(tmp_path: Path, mortals: Mortals) -> None:
    """F85 to F88: the next process goes on, the answer is the same, the invariants hold. ``tests/soak`` does more."""
    number = 0
    while True:
        number += 1
        fate = Fate(tmp_path / str(number), mortals)
        # Right before a write, as much as can be has happened of which the log does not know.
        lived = fate.live(Cut(number, before=True))
        assert fate.live()
        # The first write is the claim, the second the beginning: of a run that was not kept, nobody was told.
        assert await fate.check() == (number > 2)
        if lived:
            break
    assert number > 10


async def test_a_run_survives_kills_while_it_is_taken_up(tmp_path: Path, mortals: Mortals) -> None:
    """F89: killed in the middle, and then at the first, second, third ... write of each process that goes on."""
    fate = Fate(tmp_path / "run", mortals)
    assert not fate.live(Cut(4, before=False))
    number = 1
    while not fate.live(Cut(number, before=False)):
        number += 1
    assert number > 4
    assert await fate.check() == 1
