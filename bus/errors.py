"""What can go wrong on a bus, under the one root of every error of ours.

LoopbusError              every error that a caller of ours may see
  BusError                the bus was used in a way that cannot work
    UnknownEvent          an event's name or version is not in the registry
    BadEvent              data that are no such event, or an event that cannot be written as JSON
    NameTaken             two event classes want one name and version
    StageTaken            two stages want to answer one event
    NotInterceptable      a policy for an event that nobody may change or veto
    BadSelector           a subscription to something that is no event
    BadOption             an option of a subscription has a value that it cannot have
    StreamTaken           two tasks take from one stream
    AlreadyPublished      an event object was published a second time
    PublishCycle          handlers publish each other's triggers without end; names the cycle
    Deadlock              a handler waits for itself
    CannotSpawn           a task was asked of an owner that is closed, or where no event loop runs
"""

from typing import Any


class LoopbusError(Exception):
    """Every error that loopbus raises on purpose. It can be copied and pickled, with all that it carries."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is made anew of its ``args`` alone, and those of ours carry more: a worker process's pool breaks
        # on an error that cannot be read.
        return _anew, (type(self), self.args, self.__dict__)


def _anew(error_class: type[LoopbusError], args: tuple[Any, ...], carried: dict[str, Any]) -> LoopbusError:
    error = error_class.__new__(error_class, *args)
    error.__dict__.update(carried)
    return error


class BusError(LoopbusError):
    """The bus was used in a way that cannot work."""


class UnknownEvent(BusError):
    """An event's name or version is not in the registry."""


class BadEvent(BusError):
    """Data that are no such event, or an event that cannot be written as JSON."""


class NameTaken(BusError):
    """Two event classes want one name and version."""


class StageTaken(BusError):
    """Two stages want to answer one event."""


class NotInterceptable(BusError):
    """A policy was set on an event that nobody may change or veto."""


class BadSelector(BusError):
    """A subscription to something that is no event class."""


class BadOption(BusError, ValueError):
    """An option of a subscription has a value that it cannot have."""


class StreamTaken(BusError):
    """Two tasks take from one stream."""


class AlreadyPublished(BusError):
    """An event object was published a second time."""


class PublishCycle(BusError):
    """Handlers publish each other's triggers without end."""


class Deadlock(BusError):
    """A handler waits for itself."""


class CannotSpawn(BusError, RuntimeError):
    """A task was asked of an owner that is closed, or where no event loop runs."""
