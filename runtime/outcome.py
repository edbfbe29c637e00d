"""Reads the result of a run out of its log."""

from dataclasses import replace
from typing import Any, cast

from ..events.fault import Fault
from ..events.run import RunFinished
from ..tools.errors import InvalidOutput
from ..tools.output import OutputType
from .journal import Journal
from .result import RunResult


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
