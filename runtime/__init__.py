"""Puts it together: agents, the runtime that owns everything long-lived, and runs."""

from ..handlers.limits import Limits
from ..tools.output import Partial
from .agent import Agent
from .errors import (
    BadInput,
    InsideLoop,
    KeyReused,
    LimitReached,
    NothingToDecide,
    OtherLoop,
    OutOfOrder,
    ReaderTaken,
    ReplayMismatch,
    RunCancelled,
    RunError,
    RunFailed,
    RunOver,
    RuntimeClosed,
    SessionBusy,
    UsageError,
)
from .replaying.recording import replay_recording
from .result import RunResult
from .run import Run
from .runtime import Runtime

__all__ = [
    "Agent",
    "BadInput",
    "InsideLoop",
    "KeyReused",
    "LimitReached",
    "Limits",
    "NothingToDecide",
    "OtherLoop",
    "OutOfOrder",
    "Partial",
    "ReaderTaken",
    "ReplayMismatch",
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
    "replay_recording",
]
