"""Puts it together: agents, the runtime that owns everything long-lived, and runs."""

from ..handlers.limits import Limits
from ..tools.output import Partial
from .agent import Agent
from .durable.options import KeepOptions
from .errors import (
    BadInput,
    CannotResume,
    InsideLoop,
    KeyReused,
    LimitReached,
    LinkError,
    LinkExpired,
    LinkForged,
    LinkMalformed,
    LogUnavailable,
    NotAuthorized,
    NothingToDecide,
    OtherLoop,
    OutOfOrder,
    ReaderTaken,
    ReplayMismatch,
    RunCancelled,
    RunElsewhere,
    RunError,
    RunFailed,
    RunInterrupted,
    RunLeft,
    RunOver,
    RunTaken,
    RuntimeClosed,
    SessionBusy,
    StaleDecision,
    UnknownAgent,
    UsageError,
)
from .links import ApprovalLinks, SignedDecision
from .replaying.recording import replay_recording
from .result import RunResult
from .run import Run
from .runtime import Runtime

__all__ = [
    "Agent",
    "ApprovalLinks",
    "BadInput",
    "CannotResume",
    "InsideLoop",
    "KeepOptions",
    "KeyReused",
    "LimitReached",
    "Limits",
    "LinkError",
    "LinkExpired",
    "LinkForged",
    "LinkMalformed",
    "LogUnavailable",
    "NotAuthorized",
    "NothingToDecide",
    "OtherLoop",
    "OutOfOrder",
    "Partial",
    "ReaderTaken",
    "ReplayMismatch",
    "Run",
    "RunCancelled",
    "RunElsewhere",
    "RunError",
    "RunFailed",
    "RunInterrupted",
    "RunLeft",
    "RunOver",
    "RunResult",
    "RunTaken",
    "Runtime",
    "RuntimeClosed",
    "SessionBusy",
    "SignedDecision",
    "StaleDecision",
    "UnknownAgent",
    "UsageError",
    "replay_recording",
]
