"""What a run comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from ..events.content import Message
from ..events.fault import Fault
from ..events.run import RunFinished, Status
from ..events.usage import Usage
from ..tools.errors import InvalidOutput
from ..tools.output import OutputType
from .errors import LimitReached, RunCancelled, RunError, RunFailed
from .journal import Journal

Output = TypeVar("Output", covariant=True)


@dataclass(frozen=True, slots=True)
class RunResult(Generic[Output]):
    """The outcome of one run.

    ``messages`` is the whole conversation with every tool call answered, so it can be continued whatever the
    ``status``. ``output`` is of the type that the agent's ``output`` names; of a run that did not complete it is what
    the model said last. ``cost_usd`` is None where no cost ledger counted, or where the price of any reply is unknown.
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


def result_of(journal: Journal, answer: OutputType[Any] | None = None) -> RunResult[Any]:
    """The result of a run that is over; its output is an ``answer``, where that is a type."""
    result = _logged(journal)
    if answer is None or result.status != "completed":
        return result
    try:
        return replace(result, output=answer.value(result.output))
    except InvalidOutput as error:
        # It was right when it was given: the type has changed since, or does not always judge alike.
        fault = Fault.of(error, "runtime")
        return replace(result, status="failed", reason=fault.message, error=fault)


def _logged(journal: Journal) -> RunResult[Any]:
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
