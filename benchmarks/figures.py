"""One line of the table: a figure, its floor, and what it is to reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from .harness import Pairs


@dataclass(frozen=True, slots=True)
class Target:
    """An upper bound on the figure itself, or on its ratio to the floor."""

    of: Literal["value", "ratio"]
    at_most: float

    def __str__(self) -> str:
        return f"<= {self.at_most:g}{' x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure. Lower is better, always."""

    name: str
    unit: str
    value: float
    floor: float | None = None
    """What the hand-written floor measured, in the same unit."""
    ratios: Sequence[float] = ()
    """Figure over floor, pair by pair."""
    target: Target | None = None
    peers: Mapping[str, float] = field(default_factory=dict[str, float])
    """Other libraries' ratios to the same floor, measured in a process of their own."""

    @property
    def ratio(self) -> float | None:
        """The median of the pairs; None without a floor."""
        return median(self.ratios) if self.ratios else None

    @property
    def reached(self) -> bool | None:
        """Whether the target holds; None without one."""
        if self.target is None:
            return None
        measured = self.ratio if self.target.of == "ratio" else self.value
        return measured is not None and measured <= self.target.at_most


def figure(name: str, unit: str, pairs: Pairs, target: Target | None = None, *, per_second: float = 1.0) -> Figure:
    """A figure out of interleaved pairs of seconds; a second has ``per_second`` of the unit."""
    return Figure(
        name=name,
        unit=unit,
        value=pairs.value * per_second,
        floor=pairs.base * per_second,
        ratios=pairs.ratios,
        target=target,
    )
