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
    OtherLoop           a runtime, or a run that goes on, was used in an event loop that is not its own
    BadInput            a prompt, a conversation, an agent or an option is not what it must be
    ReaderTaken         two tasks take from one reader
  OutOfOrder            a stage caused an event that may not follow; a defect of that stage
"""

from ..bus.errors import LoopbusError
from .result import LimitReached as LimitReached
from .result import RunCancelled as RunCancelled
from .result import RunError as RunError
from .result import RunFailed as RunFailed


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


class OtherLoop(UsageError):
    """A runtime, or a run that goes on, was used in an event loop that is not its own."""


class BadInput(UsageError):
    """A prompt, a conversation, an agent or an option is not what it must be."""


class ReaderTaken(UsageError):
    """Two tasks take from one reader."""


class OutOfOrder(LoopbusError):
    """A stage caused an event that may not follow."""
