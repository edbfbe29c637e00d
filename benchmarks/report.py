"""The figures as one table for people, and as JSON for programs."""

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .figures import Figure

REACHED = {True: "yes", False: "NO", None: ""}

COLUMNS: Mapping[str, Callable[[Figure], str]] = {
    "figure": lambda figure: figure.name,
    "value": lambda figure: number(figure.value),
    "floor": lambda figure: number(figure.floor),
    "unit": lambda figure: figure.unit,
    "ratio": lambda figure: number(figure.ratio),
    "min..max": lambda figure: f"{number(min(figure.ratios))}..{number(max(figure.ratios))}" if figure.ratios else "",
    "target": lambda figure: str(figure.target or ""),
    "reached": lambda figure: REACHED[figure.reached],
}
LEFT = frozenset({"figure", "unit", "target"})


def table(figures: Sequence[Figure]) -> str:
    """One line a figure; each peer that was measured is a column of ratios to the floor."""
    columns = dict(COLUMNS)
    for peer in dict.fromkeys(name for figure in figures for name in figure.peers):
        columns[peer] = lambda figure, peer=peer: number(figure.peers.get(peer))
    cells = [list(columns), *([write(figure) for write in columns.values()] for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(_aligned(zip(columns, row, widths, strict=True))).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def number(value: float | None) -> str:
    """Three significant digits at least, and no more than two behind the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def document(figures: Iterable[Figure], *, quick: bool, elapsed_s: float) -> dict[str, Any]:
    """The same figures, with what one must know of the machine to compare them."""
    return {
        "machine": {
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
            "executable": os.path.basename(sys.executable),
        },
        "quick": quick,
        "elapsed_s": round(elapsed_s, 1),
        "figures": [_record(figure) for figure in figures],
    }


def _record(figure: Figure) -> dict[str, Any]:
    target = figure.target
    return {
        "name": figure.name,
        "unit": figure.unit,
        "value": figure.value,
        "floor": figure.floor,
        "ratio": figure.ratio,
        "ratios": list(figure.ratios),
        "target": None if target is None else {"of": target.of, "at_most": target.at_most},
        "reached": figure.reached,
        "peers": dict(figure.peers),
    }


def _aligned(row: Iterable[tuple[str, str, int]]) -> Iterable[str]:
    for column, text, width in row:
        yield text.ljust(width) if column in LEFT else text.rjust(width)
