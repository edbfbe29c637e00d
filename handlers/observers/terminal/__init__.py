"""An observer: shows runs on a terminal while they happen."""

from .view import TerminalView

__all__ = ["TerminalView"]
