"""What ``loopbus run`` writes to stdout: the answer, its pieces, a JSON object, or a line of JSON for each event."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..bus.data import dump
from ..bus.event import Event
from ..events.content import Refusal, Text
from ..events.model import ModelFailed, ModelReplied, TextDelta
from ..runtime.result import RunResult
from ..runtime.run import Run
from .output import complain, write, write_json


class Report:
    """Hears every event of the run in order, then its result, or that it is suspended."""

    def event(self, event: Event) -> None:
        """Take the next event."""

    def result(self, result: RunResult[Any]) -> None:
        """Take what the run came to."""

    def suspended(self, run: Run) -> None:
        """Take a run that is not over, and does not go on here."""


class Answer(Report):
    """The answer alone, once it is whole. What there is of another one goes to stderr."""

    def result(self, result: RunResult[Any]) -> None:
        words = result.output if isinstance(result.output, str) else json.dumps(result.output, ensure_ascii=False)
        if result.status == "completed":
            write(f"{words}\n")
        elif words:
            complain(f"the answer is not whole:\n{words}")


class Pieces(Report):
    """Everything that the model says, as it says it; each message ends with a line end."""

    def __init__(self) -> None:
        self._last = ""

    def event(self, event: Event) -> None:
        if isinstance(event, TextDelta) and event.text:
            self._last = event.text
            write(event.text)
        elif isinstance(event, ModelReplied):
            whole = "".join(block.text for block in event.content if isinstance(block, Text | Refusal))
            # A backend that cannot stream sends no pieces.
            self._end("" if self._last else whole)
        elif isinstance(event, ModelFailed):
            self._end("")

    def _end(self, rest: str) -> None:
        said, self._last = rest or self._last, ""
        if said:
            write(rest if said.endswith("\n") else f"{rest}\n")


class JsonResult(Report):
    """The result as one JSON object, whatever its status."""

    def result(self, result: RunResult[Any]) -> None:
        write_json(asdict(result))

    def suspended(self, run: Run) -> None:
        waiting = [
            {"call_id": asked.call_id, "name": asked.name, "arguments": asked.arguments, "approver": asked.approver}
            for asked in run.state.waiting.values()
        ]
        write_json({"run_id": run.id, "status": "suspended", "waiting": waiting})


class JsonEvents(Report):
    """Each event as one line of JSON, pieces of messages too; the last is ``RunFinished``, or ``RunSuspended``."""

    def event(self, event: Event) -> None:
        write_json(dump(event))


REPORTS: Mapping[tuple[bool, bool], type[Report]] = {
    (False, False): Answer,
    (False, True): Pieces,
    (True, False): JsonResult,
    (True, True): JsonEvents,
}
"""By ``--json`` and ``--stream``."""
