"""How many retries many runs may make together, so that a provider in trouble is not asked twice as much as before."""

import time
from collections.abc import Callable, Collection
from math import inf

from .errors import BadLimit


class RetryBudget:
    """Retries for everyone who shares this object: ``burst`` at once, and ``per_s`` more with each second.

    Give one to the retry policies of many agents. ``clock`` gives seconds that only ever grow.

    :raises BadLimit: a number is not what it can be.
    """

    def __init__(self, *, burst: int = 50, per_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        if not 1 <= burst < inf or not 0 <= per_s < inf:
            raise BadLimit(f"RetryBudget(burst={burst!r}, per_s={per_s!r}): give 1 or more at once, 0 or more a second")
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._left = float(burst)
        self._at = clock()

    @property
    def left(self) -> float:
        """How many retries may be made now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        return self._left

    def take(self) -> bool:
        """Take one, if there is one."""
        if self.left < 1:
            return False
        self._left -= 1
        return True


def take_all(budgets: Collection[RetryBudget]) -> bool:
    """Take one retry out of each, or none out of any."""
    return all(budget.left >= 1 for budget in budgets) and all(budget.take() for budget in set(budgets))


PROCESS = RetryBudget()
"""The budget of every model that is asked by its name and has no retry policy of its own, in this process."""
