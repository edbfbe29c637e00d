"""Tools: functions that a model may call."""

from .coercion import Rendered, render
from .context import ToolContext
from .decorator import as_tool
from .errors import (
    BadOutputType,
    BadTool,
    DuplicateTool,
    InvalidArguments,
    InvalidOutput,
    OutputError,
    ToolCapacityError,
    ToolCrashed,
    ToolError,
    Unencodable,
    UnknownTool,
)
from .invoke import last_of
from .output import OutputType, Partial
from .threads import ThreadPool
from .tool import Tool
from .toolset import Toolset

# isort: split
# Last, for there is a module of this name, and whoever imports ``loopbus.tools.tool`` wants the function.
from .decorator import tool

__all__ = [
    "BadOutputType",
    "BadTool",
    "DuplicateTool",
    "InvalidArguments",
    "InvalidOutput",
    "OutputError",
    "OutputType",
    "Partial",
    "Rendered",
    "ThreadPool",
    "Tool",
    "ToolCapacityError",
    "ToolContext",
    "ToolCrashed",
    "ToolError",
    "Toolset",
    "Unencodable",
    "UnknownTool",
    "as_tool",
    "last_of",
    "render",
    "tool",
]
