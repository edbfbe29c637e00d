"""Observers: they only watch, and each is attached by ``runtime.subscribe(...)``.

Each is loaded when it is first asked for: structlog, OpenTelemetry and rich take longer to import than the rest of us.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cost import FREE, CostLedger, Price, Total
    from .logs import LogLines
    from .otel import OpenTelemetrySpans
    from .terminal import TerminalView

__all__ = ["FREE", "CostLedger", "LogLines", "OpenTelemetrySpans", "Price", "TerminalView", "Total"]

_HOMES = {
    "FREE": "cost",
    "CostLedger": "cost",
    "LogLines": "logs",
    "OpenTelemetrySpans": "otel",
    "Price": "cost",
    "TerminalView": "terminal",
    "Total": "cost",
}


if not TYPE_CHECKING:
    # A type checker is not to see this, or it would take every misspelt name for one of ours.
    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}", name=name
            )
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
