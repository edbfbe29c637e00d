"""The soak scripts work: a little of each."""

import random
from pathlib import Path

from .kill_sweep import sweep
from .random_kills import soak


def test_a_sweep_kills_and_checks(tmp_path: Path) -> None:
    """Before and after the first three writes of a run, of which the second is its beginning."""
    found = sweep("sqlite", tmp_path, most=3)
    assert found["kills"] == 6
    assert found["runs that went on to the same answer"] == 3


def test_random_kills_lose_nothing(tmp_path: Path) -> None:
    """However many were killed, every run that was begun ends well."""
    found = soak("sqlite", 2, 1, random.Random(7), tmp_path)
    assert found["processes"] > 2
    assert found["runs"] >= found["began"]
