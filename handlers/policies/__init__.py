"""Policies: handlers that let through, change, delay or refuse; each is attached by ``runtime.subscribe(...)``."""

from .require_approval import RequireApproval
from .sliding_window import SlidingWindow
from .tool_access import ToolAccess

__all__ = ["RequireApproval", "SlidingWindow", "ToolAccess"]
