"""An asyncio event-bus agent runtime: every stage of an agent's loop is a handler, and one log of events is the run.

This is the public face. ``import loopbus`` itself loads nothing: a name brings its room with it when it is first used.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backends.contract import Settings
    from .bus import Ask, Instead, LoopbusError, Veto
    from .bus.declare import intercept, observe
    from .handlers.compaction import KeepLatest
    from .handlers.limits import Limits
    from .handlers.retry import RetryPolicy
    from .handlers.timeouts import ReplyTimeouts
    from .runtime import Agent, LimitReached, Run, RunCancelled, RunFailed, RunResult, Runtime
    from .tools import ToolContext, tool

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "Ask",
    "Instead",
    "KeepLatest",
    "LimitReached",
    "Limits",
    "LoopbusError",
    "ReplyTimeouts",
    "RetryPolicy",
    "Run",
    "RunCancelled",
    "RunFailed",
    "RunResult",
    "Runtime",
    "Settings",
    "ToolContext",
    "Veto",
    "__version__",
    "intercept",
    "observe",
    "tool",
]

_HOMES = {
    "Agent": "runtime",
    "Ask": "bus",
    "Instead": "bus",
    "KeepLatest": "handlers.compaction",
    "LimitReached": "runtime",
    "Limits": "handlers.limits",
    "LoopbusError": "bus",
    "ReplyTimeouts": "handlers.timeouts",
    "RetryPolicy": "handlers.retry",
    "Run": "runtime",
    "RunCancelled": "runtime",
    "RunFailed": "runtime",
    "RunResult": "runtime",
    "Runtime": "runtime",
    "Settings": "backends.contract",
    "ToolContext": "tools",
    "Veto": "bus",
    "intercept": "bus.declare",
    "observe": "bus.declare",
    "tool": "tools",
}
"""Where each name is at home."""

_ROOMS = frozenset({"backends", "bus", "events", "handlers", "runtime", "stores", "tools"})
"""Reached as attributes too: ``loopbus.events.ToolFinished``."""


if not TYPE_CHECKING:
    # A type checker is not to see this, or it would take every misspelt name for one of ours.
    def __getattr__(name: str) -> Any:
        """Load a name, or a room, when it is first asked for (PEP 562)."""
        if name in _HOMES:
            value = globals()[name] = getattr(_import_module(f".{_HOMES[name]}", __name__), name)
            return value
        if name in _ROOMS:
            return _import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}", name=name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, *(name for name in globals() if name.startswith("__"))})
