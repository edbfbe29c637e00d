"""What ``loopbus run`` writes to stdout: the answer, its pieces, a JSON object, or a line of JSON for each event."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from ..bus.data import dump
from ..bus.event import Event
from ..events.content import Refusal, Text
from ..events.model import ModelFailed, ModelReplied, TextDelta
from ..runtime.result import RunResult
from .output import complain, write, write_json


class Report(Protocol):
    """Hears every event of the run in order, then its result."""

    def event(self, event: Event) -> None: ...
    def result(self, result: RunResult[Any]) -> None: ...


class Answer:
    """The answer alone, once it is whole. What there is of another one goes to stderr."""

    def event(self, event: Event) -> None:
        """Nothing is written before the end."""

    def result(self, result: RunResult[Any]) -> None:
        words = result.output if isinstance(result.output, str) else json.dumps(result.output, ensure_ascii=False)
        if result.status == "completed":
            write(f"{words}\n")
        elif words:
            complain(f"the answer is not whole:\n{words}")


class Pieces:
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

    def result(self, result: RunResult[Any]) -> None:
        """Everything is said."""

    def _end(self, rest: str) -> None:
        said, self._last = rest or self._last, ""
        if said:
            write(rest if said.endswith("\n") else f"{rest}\n")


class JsonResult:
    """The result as one JSON object, whatever its status."""

    def event(self, event: Event) -> None:
        """Nothing is written before the end."""

    def result(self, result: RunResult[Any]) -> None:
        write_json(asdict(result))


class JsonEvents:
    """Each event as one line of JSON, pieces of messages too; the last is ``RunFinished``."""

    def event(self, event: Event) -> None:
        write_json(dump(event))

    def result(self, result: RunResult[Any]) -> None:
        """The last event has said it."""


REPORTS: Mapping[tuple[bool, bool], type[Report]] = {
    (False, False): Answer,
    (False, True): Pieces,
    (True, False): JsonResult,
    (True, True): JsonEvents,
}
"""By ``--json`` and ``--stream``."""
