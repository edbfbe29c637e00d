"""How a runtime treats its store."""

from dataclasses import dataclass

from ..checks import COUNT, LENGTH, TIME, check

_RULES = {"lease_s": LENGTH, "patience_s": TIME, "attempts": COUNT, "recover_at_once": COUNT}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepOptions:
    """Bounds of what a runtime does with its store.

    :raises BadInput: one is no number that it can be.
    """

    lease_s: float = 30.0
    """How long a run stays this process's own without a sign of life; after that any other may take it up."""
    patience_s: float = 30.0
    """How long a run waits for a store that cannot be written to, before it is left."""
    attempts: int = 5
    """How often a run is taken up after crashes before it is given up as a dead letter. What it did before its last
    finished turn, or before it was last left in good order, does not count."""
    recover_at_once: int = 1_000
    """How many runs that ``recover`` takes up go on at once at most; those behind wait in the store."""

    def __post_init__(self) -> None:
        check(_RULES, **{name: getattr(self, name) for name in _RULES})
