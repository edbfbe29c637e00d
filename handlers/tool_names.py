"""Picks tool calls: by patterns of tool names, or by a question asked of each call."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from ..events.tool import ToolRequested

Matches = Callable[[ToolRequested], bool]


def named(*patterns: str) -> Matches:
    """Whether the tool's name is one of these; ``*``, ``?`` and ``[...]`` stand for any characters, as in a shell."""

    def matches(event: ToolRequested) -> bool:
        return any(fnmatchcase(event.name, pattern) for pattern in patterns)

    return matches
