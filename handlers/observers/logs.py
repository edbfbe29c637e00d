"""An observer: writes one structlog line for each durable event."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import structlog

from ...bus.data import known_events
from ...bus.event import Event
from ...events.control import LoopDetected
from ...events.custom import Custom
from ...events.human import ApprovalRequested
from ...events.model import ModelFailed, ModelReplied
from ...events.money import BudgetExceeded
from ...events.recovery import CircuitClosed, CircuitOpened, ContextCompacted, FallbackChosen, RetryScheduled
from ...events.run import RunFinished, RunStarted
from ...events.tool import LateToolResult, ToolFinished
from ..excerpt import excerpt

Level = Literal["debug", "info", "warning", "error"]

_CONTENT = frozenset(
    {"arguments", "content", "history", "instructions", "message", "output", "partial", "parts", "prompt"}
)
"""Fields of our own events that hold what people, models and tools said."""
_STAMPS = frozenset({"run_id", "seq", "at", "cause"})
_TAKEN = {name: f"{name}_" for name in ("event", "exc_info", "stack_info", "level", "logger", "timestamp")}
"""Names that mean something else to structlog, and what a field of that name is called instead."""


class Logger(Protocol):
    """What is needed of a logger: a method for each level that takes a line and its fields."""

    def debug(self, event: str, /, **fields: Any) -> Any: ...
    def info(self, event: str, /, **fields: Any) -> Any: ...
    def warning(self, event: str, /, **fields: Any) -> Any: ...
    def error(self, event: str, /, **fields: Any) -> Any: ...


class LogLines:
    """Writes one line for each durable event: its name, ``run_id``, ``seq``, ``cause`` and its own fields.

    What people, models and tools said is left out unless ``content`` is true. Texts are cut at ``characters``, and
    whatever bears a secret's name or looks like a secret is masked, always. A step is logged at ``debug``, an outcome
    at ``info``, what went wrong in a run that goes on at ``warning``, a failure at ``error``::

        runtime.subscribe(LogLines())
    """

    def __init__(self, logger: Logger | None = None, *, content: bool = False, characters: int = 200) -> None:
        self._logger: Logger = structlog.get_logger("loopbus") if logger is None else logger
        self._left_out = _STAMPS if content else _STAMPS | _CONTENT
        self._characters = characters

    @property
    def hears(self) -> tuple[type[Event], ...]:
        """Every durable event there is. To hear ``Event`` would have every delta of a stream made for nothing."""
        return (Custom, *(event_class for event_class in known_events() if event_class.durable))

    def __call__(self, event: Event) -> None:
        left_out = _STAMPS if isinstance(event, Custom) else self._left_out
        told: dict[str, Any] = excerpt(
            {name: value for name, value in event.__dict__.items() if name not in left_out}, self._characters
        )
        fields = {_TAKEN.get(name, name): value for name, value in told.items()}
        log: Callable[..., Any] = getattr(self._logger, level_of(event))
        log(event.event_name, run_id=event.run_id, seq=event.seq, cause=event.cause, **fields)


def level_of(event: Event) -> Level:
    """How loud an event is."""
    if isinstance(event, RunFinished):
        return _STATUSES.get(event.status, "warning")
    if isinstance(event, ToolFinished):
        return "info" if event.outcome == "ok" else "warning"
    return _LEVELS.get(type(event), "info" if isinstance(event, Custom) else "debug")


_STATUSES: Mapping[str, Level] = {"completed": "info", "failed": "error"}
_LEVELS: Mapping[type[Event], Level] = {
    RunStarted: "info",
    ModelReplied: "info",
    ModelFailed: "error",
    RetryScheduled: "warning",
    FallbackChosen: "warning",
    ContextCompacted: "warning",
    CircuitOpened: "warning",
    CircuitClosed: "info",
    BudgetExceeded: "warning",
    LateToolResult: "warning",
    LoopDetected: "warning",
    ApprovalRequested: "info",
}
