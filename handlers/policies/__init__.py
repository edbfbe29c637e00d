"""Policies: handlers that let through, change, delay or refuse; each is attached by ``runtime.subscribe(...)``."""

from ..replies import MemoryReplies, Replies
from ..replies_sqlite import SqliteReplies
from .breaker import CircuitBreaker
from .cache import ResponseCache
from .downgrade import Downgrade
from .rate_limit import RateLimit
from .require_approval import RequireApproval
from .sliding_window import SlidingWindow
from .tool_access import ToolAccess

__all__ = [
    "CircuitBreaker",
    "Downgrade",
    "MemoryReplies",
    "RateLimit",
    "Replies",
    "RequireApproval",
    "ResponseCache",
    "SlidingWindow",
    "SqliteReplies",
    "ToolAccess",
]
