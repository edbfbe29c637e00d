"""Puts it together: agents, the runtime that owns everything long-lived, and runs."""

from ..handlers.limits import Limits
from .agent import Agent
from .errors import (
    InsideLoop,
    KeyReused,
    LimitReached,
    NothingToDecide,
    OutOfOrder,
    RunCancelled,
    RunError,
    RunFailed,
    RunOver,
    RuntimeClosed,
    SessionBusy,
    UsageError,
)
from .result import RunResult
from .run import Run
from .runtime import Runtime

__all__ = [
    "Agent",
    "InsideLoop",
    "KeyReused",
    "LimitReached",
    "Limits",
    "NothingToDecide",
    "OutOfOrder",
    "Run",
    "RunCancelled",
    "RunError",
    "RunFailed",
    "RunOver",
    "RunResult",
    "Runtime",
    "RuntimeClosed",
    "SessionBusy",
    "UsageError",
]
