"""What can go wrong with a tool, before, while and after it runs, and with the output that an agent is to give.

ToolError                a tool cannot be made, called or answered for
  BadTool                a function that cannot be a tool; names the tool and the parameter
    DuplicateTool        two tools want one name
  UnknownTool            a name that no tool has; the text is meant for the model
  InvalidArguments       arguments that do not fit the schema; the text is meant for the model
  Unencodable            a result that is no text, no JSON and no media; names the place in it
  ToolCrashed            a tool raised what would have stopped its thread or the event loop, such as ``SystemExit``
  ToolCapacityError      no thread can take the call: all hang, or none came free in time, or the pool is closed
OutputError              a run cannot end with the output that its agent wants
  BadOutputType          a type that no model can be asked for
  InvalidOutput          an answer that is not of that type; the text is meant for the model
"""

from ..events.errors import LoopbusError


class ToolError(LoopbusError):
    """A tool cannot be made, called or answered for."""


class BadTool(ToolError):
    """A function cannot be a tool. Raised where the tool is defined or registered, never during a run."""


class DuplicateTool(BadTool):
    """Two tools want one name."""


class UnknownTool(ToolError):
    """No tool has this name. The text tells the model which names there are."""


class InvalidArguments(ToolError):
    """Arguments do not fit a tool's schema. The text tells the model what to change."""


class Unencodable(ToolError):
    """A tool's result cannot be told to a model. ``path`` is the place in it, such as ``result.items[3].owner``."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class ToolCrashed(ToolError):
    """A tool raised what is no ordinary exception; the original is its ``__cause__``."""


class ToolCapacityError(ToolError):
    """No thread can take the call."""


class OutputError(LoopbusError):
    """A run cannot end with the output that its agent wants."""


class BadOutputType(OutputError):
    """No model can be asked for an output of this type. Raised where the agent is made, never during a run."""


class InvalidOutput(OutputError):
    """A model's answer is not of the output's type. The text tells the model what to change."""


def contained(error: BaseException) -> Exception:
    """``error`` in a shape that may be raised in a coroutine without stopping the loop or looking like a cancellation.

    An ordinary exception is returned as it is. ``SystemExit``, ``KeyboardInterrupt``, a ``CancelledError`` that the
    tool raised itself and ``StopIteration``, which no coroutine can raise, come back as a ``ToolCrashed``.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    said = f": {error}" if str(error) else ""
    crashed = ToolCrashed(f"the tool raised {type(error).__name__}{said}")
    crashed.__cause__ = error
    return crashed
