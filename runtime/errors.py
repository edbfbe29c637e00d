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
    StaleDecision       the decision is about a question that has changed since
    NotAuthorized       who decides may not
    LinkError           an approval link cannot be used; ``public`` is all that its bearer needs to know
      LinkMalformed     it is no link of ours
      LinkForged        it was signed with no secret of ours
      LinkExpired       its time is up
    InsideLoop          run_sync was called where an event loop runs already
    NoLoop              a runtime was wanted where no asyncio event loop runs, such as under trio
    OtherLoop           a runtime, or a run that goes on, was used in an event loop that is not its own
    BadInput            a prompt, a conversation, an agent or an option is not what it must be
    ReaderTaken         two tasks take from one reader
    UnknownAgent        the agent of a run is not known here
    NoDeps              a run's tools need deps, and there are none
  RunInterrupted        a run is not over, and nobody here drives it or can tell how it goes on; carries ``run_id``
    RunLeft             its runtime was closed; resume it, here or in another process
    RunTaken            another process drives it now; attach to it
    RunElsewhere        another process drives it, so this one cannot
    RunDeleted          it was deleted, here or by another process; there is no such run any more
    LogUnavailable      its log cannot be written or read; resume it when that is mended
    CannotResume        its log has something in it that this program cannot go on from
  NotForgotten          a run was deleted, but a subscriber still keeps what it knows of it
  OutOfOrder            a stage caused an event that may not follow; a defect of that stage
  ReplayMismatch        a recorded run, executed again, goes another way; carries both events and their ``difference``
"""

from typing import ClassVar

from ..bus.errors import LoopbusError
from ..bus.event import Event
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


class StaleDecision(UsageError):
    """The decision is about a question that has changed since."""


class NotAuthorized(UsageError):
    """Who decides may not."""


class LinkError(UsageError):
    """An approval link cannot be used. The message is for the log; ``public`` is the same for all."""

    public: ClassVar[str] = "This link does not work, or does not work any more."


class LinkMalformed(LinkError):
    """It is no link of ours."""


class LinkForged(LinkError):
    """It was signed with no secret of ours."""


class LinkExpired(LinkError):
    """Its time is up."""


class InsideLoop(UsageError):
    """``run_sync`` was called where an event loop runs already."""


class NoLoop(UsageError, RuntimeError):
    """A runtime was wanted where no asyncio event loop runs, such as under trio."""


class OtherLoop(UsageError):
    """A runtime, or a run that goes on, was used in an event loop that is not its own."""


class BadInput(UsageError):
    """A prompt, a conversation, an agent or an option is not what it must be."""


class ReaderTaken(UsageError):
    """Two tasks take from one reader."""


class UnknownAgent(UsageError):
    """The agent of a run is not known here."""


class NoDeps(UsageError):
    """The tools of a run need deps, and there are none: nobody gave any, or they could not be made."""


class RunInterrupted(LoopbusError):
    """A run is not over, and nobody here drives it or can tell how it goes on. Its log is whole."""

    def __init__(self, message: str, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class RunLeft(RunInterrupted):
    """The runtime of a run was closed; the run can be resumed, here or in another process."""


class RunTaken(RunInterrupted):
    """Another process drives the run now."""


class RunElsewhere(RunInterrupted):
    """Another process drives the run, so this one cannot."""


class RunDeleted(RunInterrupted):
    """The run was deleted, here or by another process."""


class LogUnavailable(RunInterrupted):
    """The log of a run cannot be written or read."""


class CannotResume(RunInterrupted):
    """The log of a run has something in it that this program cannot go on from."""


class NotForgotten(LoopbusError):
    """A run was deleted, but a subscriber could not forget what it keeps of it. Delete it again: all are told again."""


class OutOfOrder(LoopbusError):
    """A stage caused an event that may not follow."""


class ReplayMismatch(LoopbusError):
    """A recorded run, executed again, goes another way. The message ends with the ``difference``, a unified diff.

    ``recorded`` is the first event that differs and ``seq`` its place. ``expected`` is what the code does there now;
    None if it does nothing. ``judged`` is the kind of event whose policy could explain it, if one could.
    """

    def __init__(
        self,
        message: str,
        recorded: Event,
        expected: Event | None,
        difference: str,
        judged: type[Event] | None = None,
    ) -> None:
        super().__init__(message)
        self.seq = recorded.seq
        self.recorded = recorded
        self.expected = expected
        self.difference = difference
        self.judged = judged
