"""Instructions are counted of work that runs, whether or not there is something to count them with."""

import sys

import pytest

from benchmarks import instructions

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.mark.parametrize("name", instructions.CONTENDERS)
def test_each_contender_does_its_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is a process that does this."""
    monkeypatch.setattr(sys, "argv", ["instructions", name, "1"])
    instructions.main()


def test_without_valgrind_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured, and nothing else goes wrong."""
    monkeypatch.setattr(sys, "argv", ["instructions"])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="apt install valgrind"):
        instructions.main()


def test_what_is_the_same_in_both_processes_falls_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two counts, of few runs and of many, make the instructions of one turn."""

    def collected(name: str, runs: int) -> int:
        return 1_000_000 + runs * instructions.TURNS * 500

    monkeypatch.setattr(instructions, "_collected", collected)
    assert instructions.count("plain loop") == 500
