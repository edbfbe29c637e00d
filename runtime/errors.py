"""What a caller of the runtime may have to handle.

LoopbusError
  RunError              a run did not complete; carries ``result`` with what there is
    RunFailed           something went wrong: a stage, the model, the provider
    RunCancelled        somebody stopped it
    LimitReached        it reached a limit, or its answer was cut by one
  UsageError            the runtime was used in a way that cannot work
    RuntimeClosed       it is closed, or not open yet
    SessionBusy         another run of this session goes on
    RunOver             the run has ended and takes no more commands
    KeyReused           an idempotency key came back with another request
    NothingToDecide     no call with this id waits for a decision
    InsideLoop          run_sync was called where an event loop runs already
    BadInput            a prompt, a conversation, an agent or an option is not what it must be
    ReaderTaken         two tasks take from one reader
  OutOfOrder            a stage caused an event that may not follow; a defect of that stage
"""

from typing import TYPE_CHECKING, Any

from ..bus.errors import LoopbusError

if TYPE_CHECKING:
    from .result import RunResult


class RunError(LoopbusError):
    """A run did not complete. ``result`` has its partial output, usage and a balanced conversation."""

    def __init__(self, message: str, result: "RunResult[Any]") -> None:
        super().__init__(message)
        self.result = result


class RunFailed(RunError):
    """Something went wrong in the run; ``result.error`` says what."""


class RunCancelled(RunError):
    """Somebody stopped the run."""


class LimitReached(RunError):
    """The run reached one of its limits, or its last answer was cut by one."""


class UsageError(LoopbusError):
    """The runtime was used in a way that cannot work."""


class RuntimeClosed(UsageError):
    """The runtime is closed, or not open yet."""


class SessionBusy(UsageError):
    """Another run of this session goes on."""


class RunOver(UsageError):
    """The run has ended and takes no more commands."""


class KeyReused(UsageError):
    """An idempotency key came back with another request."""


class NothingToDecide(UsageError):
    """No call with this id waits for a decision."""


class InsideLoop(UsageError):
    """``run_sync`` was called where an event loop runs already."""


class BadInput(UsageError):
    """A prompt, a conversation, an agent or an option is not what it must be."""


class ReaderTaken(UsageError):
    """Two tasks take from one reader."""


class OutOfOrder(LoopbusError):
    """A stage caused an event that may not follow."""
