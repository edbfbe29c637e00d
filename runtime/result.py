"""What a run comes to, and how it is told of one that did not complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..bus.errors import LoopbusError
from ..events.content import Message
from ..events.fault import Fault
from ..events.run import Status
from ..events.usage import Usage

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


class RunError(LoopbusError):
    """A run did not complete. ``result`` has its partial output, usage and a balanced conversation."""

    def __init__(self, message: str, result: RunResult[Any]) -> None:
        super().__init__(message)
        self.result = result


class RunFailed(RunError):
    """Something went wrong in the run; ``result.error`` says what."""


class RunCancelled(RunError):
    """Somebody stopped the run."""


class LimitReached(RunError):
    """The run reached one of its limits, or its last answer was cut by one."""


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
