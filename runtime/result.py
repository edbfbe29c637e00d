"""What a run comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from ..events.content import Message
from ..events.fault import Fault
from ..events.run import RunFinished, Status
from ..events.usage import Usage
from .errors import LimitReached, RunCancelled, RunError, RunFailed
from .journal import Journal

Output = TypeVar("Output", covariant=True)


@dataclass(frozen=True, slots=True)
class RunResult(Generic[Output]):
    """The outcome of one run.

    ``messages`` is the whole conversation with every tool call answered, so it can be continued whatever the
    ``status``. ``cost_usd`` is None where no cost ledger counted, or where the price of any reply is unknown.
    """

    run_id: str
    status: Status
    output: Output
    usage: Usage
    cost_usd: float | None
    messages: tuple[Message, ...]
    turns: int
    reason: str = ""
    error: Fault | None = None

    def unwrap(self) -> "RunResult[Output]":
        """This result, if the run completed.

        :raises RunFailed, RunCancelled, LimitReached: it did not.
        """
        error_class = _ERRORS.get(self.status)
        if error_class is None:
            return self
        raise error_class(f"run {self.run_id} {_WORDS[self.status]}: {self.reason}", self)


_ERRORS: Mapping[Status, type[RunError]] = {
    "failed": RunFailed,
    "cancelled": RunCancelled,
    "limit": LimitReached,
}
_WORDS: Mapping[Status, str] = {
    "failed": "failed",
    "cancelled": "was cancelled",
    "limit": "reached a limit",
}


def result_of(journal: Journal) -> RunResult[Any]:
    """The result of a run that is over."""
    finished, state = cast(RunFinished, journal.events[-1]), journal.state
    return RunResult(
        run_id=journal.run_id,
        status=finished.status,
        output=finished.output,
        usage=state.usage,
        cost_usd=None if state.unpriced else state.cost_usd,
        messages=tuple(state.transcript.messages),
        turns=state.turn,
        reason=finished.reason,
        error=finished.error,
    )
