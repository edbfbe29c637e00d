"""Every benchmark runs with tiny sizes: that it works and measures what it says. How fast anything is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.harness import Effort
from benchmarks.turn_floor import run, run_plain, scripted

from ..architecture import ROOT

pytestmark = pytest.mark.usefixtures("unmeasured")

TINY = Effort(rounds=1, scale=0.02)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_measures_its_figures_beside_a_floor(name: str) -> None:
    """Each figure is a positive number with a floor; the work itself is checked by the benchmark's own assertions."""
    figures = BENCHMARKS[name](TINY)
    assert len({figure.name for figure in figures}) == len(figures)
    assert any(figure.target for figure in figures)
    for figure in figures:
        assert figure.value > 0, figure
        assert figure.floor is not None, figure
        assert figure.ratio is not None, figure


async def test_the_floor_of_a_turn_makes_the_calls_that_the_model_asks_for() -> None:
    """The floor does the same work as the runtime: one validated call a turn, and the answer at the end."""
    messages = await run(scripted(3), "What is 17 + 25?")
    assert messages == await run_plain(scripted(3), "What is 17 + 25?")
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert [message["content"] for message in messages if message["role"] == "tool"] == ["18", "19"]
    assert messages[-1]["content"] == "42"


def test_the_command_prints_a_table_and_writes_the_same_as_json(tmp_path: Path) -> None:
    """``python -m benchmarks --only NAME --quick --json FILE`` is what a user types."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "dispatch", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    names = [record["name"] for record in json.loads(file.read_text("utf-8"))["figures"]]
    assert names
    lines = done.stdout.splitlines()[2:]
    assert [line.startswith(name) for line, name in zip(lines, names, strict=True)] == [True] * len(names)


def test_an_unknown_benchmark_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt name measures nothing."""
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "dispach"])
    with pytest.raises(SystemExit, match="2"):
        main()
    said = capsys.readouterr().err
    assert all(name in said for name in BENCHMARKS)
