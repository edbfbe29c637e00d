import json
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import dispatch_floor, turn_floor
from benchmarks.figures import Figure
from benchmarks.harness import QUICK
from benchmarks.peers import compare, worker

NAMES = ["turn, N=20, 3 observers", "turn, N=200, 3 observers", "event, 1 observer, 100 at a time"]
FIGURES = [Figure(name=name, unit="us", value=1.0) for name in NAMES]


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a shell script in the place of the one peer's process."""

    def write(script: str) -> None:
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        monkeypatch.setattr(compare, "PYTHON", python)

    monkeypatch.setattr(compare, "PYTHON", tmp_path / "missing")
    monkeypatch.setattr(compare, "PEERS", ("other",))
    return write


def test_a_missing_environment_is_said_and_leaves_the_figures_alone(
    peers: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Peers are optional: without their environment it is said how to make it."""
    assert compare.beside_peers(FIGURES, QUICK) == FIGURES
    assert "benchmarks/peers.txt" in capsys.readouterr().err


def test_a_peers_ratio_stands_beside_the_figure_that_it_shares(peers: Callable[[str], None]) -> None:
    """A peer is compared where it does the same work, and nowhere else; what else it prints is no harm."""
    found = {"version": "1.0", "turn": {"20": 14.0}, "dispatch": {"1": 2.0}}
    peers(f"echo hello\necho '{json.dumps(found)}'")
    compared = compare.beside_peers(FIGURES, QUICK)
    assert [figure.peers for figure in compared] == [{"other 1.0": 14.0}, {}, {"other 1.0": 2.0}]


@pytest.mark.parametrize(
    ("script", "timeout_s", "said"),
    [
        ("echo 'ModuleNotFoundError: no other' >&2; exit 1", 60, "no other: ModuleNotFoundError: no other"),
        ("exit 1", 60, "no other: it said nothing"),
        ("exec sleep 60", 0.1, "no other: it was not done after 0.1 s"),
    ],
)
def test_a_peer_that_cannot_be_measured_costs_only_its_own_column(
    peers: Callable[[str], None],
    script: str,
    timeout_s: float,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is not installed, it fails, it hangs: it is left out, and the reason is given."""
    monkeypatch.setattr(compare, "TIMEOUT_S", timeout_s)
    peers(script)
    assert compare.beside_peers(FIGURES, QUICK) == FIGURES
    assert said in capsys.readouterr().err


def test_a_worker_prints_its_peers_ratios_to_the_floor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A peer that is the floor itself is measured at every size, and its ratio is a positive number."""
    peer = ModuleType("benchmarks.peers.with_other")
    vars(peer).update(DISTRIBUTION="pydantic", turn=_turn, dispatch=_dispatch)
    monkeypatch.setitem(sys.modules, peer.__name__, peer)
    monkeypatch.setattr(sys, "argv", ["worker", "other", "1"])
    monkeypatch.setattr(logging, "disable", lambda: None)
    worker.main()
    found = json.loads(capsys.readouterr().out)
    assert set(found["turn"]) == {"20", "200"}
    assert set(found["dispatch"]) == {"1", "10"}
    assert all(ratio > 0 for ratio in (*found["turn"].values(), *found["dispatch"].values()))


def _turn(turns: int) -> Callable[[str], Awaitable[str]]:
    model = turn_floor.scripted(turns)

    async def run(prompt: str) -> str:
        return (await turn_floor.run(model, prompt))[-1]["content"]

    return run


@asynccontextmanager
async def _dispatch(
    handlers: Sequence[dispatch_floor.Handler],
) -> AsyncGenerator[Callable[[Sequence[object]], Awaitable[None]], None]:
    async def deliver(events: Sequence[object]) -> None:
        for event in events:
            for handler in handlers:
                await handler(event)

    yield deliver
