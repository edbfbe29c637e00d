"""Every benchmark runs with tiny sizes: that it works and measures what it says. How fast anything is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.figures import Figure
from benchmarks.harness import Effort
from benchmarks.peers import compare
from benchmarks.turn_floor import run, scripted

from ..architecture import ROOT

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


def test_missing_peers_are_said_and_leave_the_figures_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Peers are optional: without their environment one line says how to make it."""
    monkeypatch.setattr(compare, "PYTHON", tmp_path / "python")
    figures = [Figure(name="a turn", unit="us", value=1.0)]
    assert compare.beside_peers(figures, TINY) == figures
    assert "benchmarks/peers.txt" in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One missing peer costs only its own column, and its reason is given."""
    monkeypatch.setattr(compare, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(compare, "PEERS", ("bubus",))
    figures = [Figure(name="a turn", unit="us", value=1.0)]
    assert compare.beside_peers(figures, TINY) == figures
    assert "no bubus: ModuleNotFoundError" in capsys.readouterr().err


def test_a_peers_ratio_stands_beside_the_figure_that_it_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer is compared where it does the same work, and nowhere else."""
    found = {"version": "1.0", "turn": {"20": 14.0}, "dispatch": {"1": 2.0}}
    monkeypatch.setattr(compare, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(compare, "PEERS", ("other",))
    monkeypatch.setattr(compare, "_measured", lambda *_: found)
    names = ["turn, N=20, 3 observers", "turn, N=200, 3 observers", "event, 1 observer, 100 at a time"]
    figures = [Figure(name=name, unit="us", value=1.0) for name in names]
    assert [figure.peers for figure in compare.beside_peers(figures, TINY)] == [
        {"other 1.0": 14.0},
        {},
        {"other 1.0": 2.0},
    ]
