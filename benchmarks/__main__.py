"""``python -m benchmarks``: measure everything, print one table."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from . import concurrency, dispatch, durable, import_time, stores, streaming, transport, turn, wires
from .figures import Figure
from .harness import FULL, QUICK, Effort
from .peers.compare import beside_peers
from .report import document, table

BENCHMARKS: Mapping[str, Callable[[Effort], list[Figure]]] = {
    "dispatch": dispatch.figures,
    "turn": turn.figures,
    "concurrency": concurrency.figures,
    "streaming": streaming.figures,
    "wires": wires.figures,
    "transport": transport.figures,
    "stores": stores.figures,
    "durable": durable.figures,
    "import": import_time.figures,
}


def main() -> None:
    """Do what the command line says."""
    asked = _parser().parse_args()
    effort = QUICK if asked.quick else FULL
    began = time.monotonic()
    figures: list[Figure] = []
    for name in asked.only or BENCHMARKS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += BENCHMARKS[name](effort)
    if asked.peers:
        figures = beside_peers(figures, effort)
    print(table(figures))
    if asked.json is not None:
        found = document(figures, quick=asked.quick, elapsed_s=time.monotonic() - began)
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What loopbus costs, beside the floor.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same figures there")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="only this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work: for a look, not for a claim")
    parser.add_argument("--peers", action="store_true", help="beside other libraries, where they are installed")
    return parser


if __name__ == "__main__":
    main()
