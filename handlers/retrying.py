"""What decides about retries, and how two that decide are joined."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from ..events.model import ModelFailed
from ..events.tries import Tries
from .retry_budget import RetryBudget


class Retry(NamedTuple):
    """A retry that a policy wants: after how long, and out of which budgets."""

    delay_s: float
    budgets: tuple[RetryBudget, ...] = ()


@runtime_checkable
class Retrying(Protocol):
    """What decides about retries: a ``RetryPolicy``, several of them joined, or an object of your own."""

    def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
        """The retry to make after ``failed``, or None. ``tries`` counts what was tried, this failure included."""
        ...


class Joins:
    """What makes a policy one that can be joined to others, by ``&`` and ``|``."""

    __slots__ = ()

    def __and__(self: Retrying, other: Retrying) -> "Both":
        return Both(self, other) if _decides(other) else NotImplemented

    def __or__(self: Retrying, other: Retrying) -> "Either":
        return Either(self, other) if _decides(other) else NotImplemented


@dataclass(frozen=True, slots=True)
class Both(Joins):
    """``one & other``: a retry only if both want it, after the longer of their waits, out of the budgets of both."""

    one: Retrying
    other: Retrying

    def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
        """See ``Retrying``."""
        one, other = self.one.plan(failed, tries), self.other.plan(failed, tries)
        if one is None or other is None:
            return None
        return Retry(max(one.delay_s, other.delay_s), one.budgets + other.budgets)


@dataclass(frozen=True, slots=True)
class Either(Joins):
    """``one | other``: the retry that the first of them wants, or else that of the other."""

    one: Retrying
    other: Retrying

    def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
        """See ``Retrying``."""
        return self.one.plan(failed, tries) or self.other.plan(failed, tries)


def _decides(other: object) -> bool:
    return isinstance(other, Retrying) and not isinstance(other, type)
