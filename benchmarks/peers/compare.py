"""Puts the peers' ratios beside our figures, as far as the peers are installed."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import dispatch, turn
from ..figures import Figure
from ..harness import Effort

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / "build" / "peers" / "bin" / "python"
PEERS = ("selectools", "agno", "openai_agents", "pydantic_ai", "langgraph", "blinker", "bubus")
ROUNDS = 3
TIMEOUT_S = 120

NO_ENVIRONMENT = (
    "no peers: build/peers is missing; make it with\n"
    "  python -m venv build/peers && build/peers/bin/pip install -r benchmarks/peers.txt"
)


def beside_peers(figures: Iterable[Figure], effort: Effort) -> list[Figure]:
    """The figures, those that peers have too with the peers' ratios; says on standard error what is missing."""
    ratios: dict[str, dict[str, float]] = {}
    if not PYTHON.exists():
        _say(NO_ENVIRONMENT)
        return list(figures)
    for peer in PEERS:
        _say(f"measuring {peer} ...")
        found = _measured(peer, effort.at_most(ROUNDS))
        if found is not None:
            ratios[f"{peer} {found['version']}"] = dict(_named(found))
    return [
        replace(figure, peers={peer: ratio[figure.name] for peer, ratio in ratios.items() if figure.name in ratio})
        for figure in figures
    ]


def _measured(peer: str, effort: Effort) -> dict[str, Any] | None:
    command = [str(PYTHON), "-m", "benchmarks.peers.worker", peer, str(effort.rounds)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        _say(f"no {peer}: it was not done after {TIMEOUT_S} s")
        return None
    if done.returncode:
        *_, why = done.stderr.strip().splitlines() or ["it said nothing"]
        _say(f"no {peer}: {why}")
        return None
    return json.loads(done.stdout.splitlines()[-1])


def _named(found: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    """The peer's ratios by the names of our figures."""
    for turns, ratio in found.get("turn", {}).items():
        yield turn.name_of(int(turns), turn.OBSERVERS), ratio
    for observers, ratio in found.get("dispatch", {}).items():
        yield dispatch.name_of(int(observers), dispatch.BURST), ratio


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
