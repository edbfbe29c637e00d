"""Logs at fresh places, and how processes that follow each other in one share its leases."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple, TypedDict

from ..stores.postgres.server import fresh_url

LATER_S = 3_600.0
"""How much later each process lives, by its clock: the leases of those before it have ended."""
SHORT_S = 0.2
"""How long a lease lasts where all processes share the clock of a server."""


class Leases(TypedDict):
    """The options of a ``Life`` about them."""

    ahead_s: float
    lease_s: float


class Place(NamedTuple):
    """Where a log is, and the diary beside it."""

    url: str
    diary: str

    def leases(self, number: int) -> Leases:
        """For the process with this number, counted from 0."""
        if self.url.startswith("sqlite:"):
            return Leases(ahead_s=number * LATER_S, lease_s=30.0)
        return Leases(ahead_s=0.0, lease_s=SHORT_S)


def places(store: str, folder: Path) -> Iterator[Place]:
    """One after the other; nothing is there yet."""
    for number in count(1):
        url = fresh_url() if store == "postgres" else f"sqlite:///{folder / f'{number}.db'}"
        yield Place(url, str(folder / f"{number}.diary"))
