"""What can go wrong with a log that is kept, and what to do about it.

LoopbusError            every error that a caller of ours may see
  StoreError            a store could not do what was asked; carries ``run_id`` and ``seq`` where there is one
    WrongSeq            an append that does not begin where the log ends; nothing was written
    NoSuchRun           the log has no such run: it never began here, or it was deleted
    KeyTaken            another run has this idempotency key; carries that run's id
    LeaseHeld           somebody else drives the run; carries who, and until when
    LeaseLost           somebody else drives the run by now, so this write was refused
    StoreMisused        an argument has a value that it cannot have
    SchemaTooNew        a newer loopbus has written this store; this one leaves it alone
    NotOurs             the file or the schema is another program's
    NotInstalled        what the store needs is an extra that is not installed
    UpcastFailed        an event of an older version could not be brought up to date
    StoreDamaged        what is read is not what was written
    BadExport           lines that are to be imported are not whole, or not as they were exported; names the line
    StoreUnavailable    nothing was written; the same call may work later
      StoreBusy         another process kept the store for longer than our patience
      StoreFull         there is no space left
      StoreBroken       the store cannot be opened, read or written; or was lost over a commit, of which nobody knows
      StoreClosed       this end of the store was closed
"""

from ..events.errors import LoopbusError


class StoreError(LoopbusError):
    """A store could not do what was asked. ``run_id`` is empty and ``seq`` 0 where it is about no one run or event."""

    def __init__(self, message: str, *, run_id: str = "", seq: int = 0) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.seq = seq


class WrongSeq(StoreError):
    """An append that does not begin where the log ends. ``seq`` is what it began with; nothing of it was written."""

    def __init__(self, message: str, *, run_id: str, seq: int, expected: int) -> None:
        super().__init__(message, run_id=run_id, seq=seq)
        self.expected = expected
        """The one ``seq`` that could have come next."""


class NoSuchRun(StoreError):
    """The log has no such run."""


class KeyTaken(StoreError):
    """Another run has this idempotency key. ``run_id`` is that other run: it is the one to attach to."""


class LeaseHeld(StoreError):
    """Somebody else drives the run."""

    def __init__(self, message: str, *, run_id: str, holder: str, until: float) -> None:
        super().__init__(message, run_id=run_id)
        self.holder = holder
        self.until = until
        """When the lease ends unless it is renewed, in seconds since the epoch."""


class LeaseLost(StoreError):
    """The write carried the token of a lease that somebody else has by now, or that went with a deleted run."""


class StoreMisused(StoreError, ValueError):
    """An argument has a value that it cannot have."""


class SchemaTooNew(StoreError):
    """A newer loopbus has written this store."""


class NotOurs(StoreError):
    """The file or the schema is another program's."""


class NotInstalled(StoreError):
    """What the store needs is an extra that is not installed; the message has the command."""


class UpcastFailed(StoreError):
    """An event of an older version could not be brought up to date."""


class StoreDamaged(StoreError):
    """What is read is not what was written. ``run_id`` and ``seq`` name the first event that this is known of."""


class BadExport(StoreError, ValueError):
    """Lines that are to be imported are not whole, or not as they were exported; nothing of them was written."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line
        """The first that is wrong, counted from 1."""


class StoreUnavailable(StoreError):
    """Nothing was written; the same call may work later."""


class StoreBusy(StoreUnavailable):
    """Another process kept the store for longer than our patience."""


class StoreFull(StoreUnavailable):
    """There is no space left."""


class StoreBroken(StoreUnavailable):
    """The store cannot be opened, read or written.

    Where a server was lost while it committed, nobody knows what came of that, and the message says so. The same append
    to the same log object finds out: it writes what is missing, and nothing twice.
    """


class StoreClosed(StoreUnavailable):
    """This end of the store was closed."""
