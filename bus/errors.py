"""What can go wrong on a bus, under the one root of every error of ours.

LoopbusError              every error that a caller of ours may see
  BusError                the bus was used in a way that cannot work
    UnknownEvent          an event's name or version is not in the registry
    NameTaken             two event classes want one name and version
    StageTaken            two stages want to answer one event
    NotInterceptable      a policy for an event that nobody may change or veto
    BadSelector           a subscription to something that is no event
    AlreadyPublished      an event object was published a second time
    PublishCycle          handlers publish each other's triggers without end; names the cycle
"""


class LoopbusError(Exception):
    """Every error that loopbus raises on purpose."""


class BusError(LoopbusError):
    """The bus was used in a way that cannot work."""


class UnknownEvent(BusError):
    """An event's name or version is not in the registry."""


class NameTaken(BusError):
    """Two event classes want one name and version."""


class StageTaken(BusError):
    """Two stages want to answer one event."""


class NotInterceptable(BusError):
    """A policy was set on an event that nobody may change or veto."""


class BadSelector(BusError):
    """A subscription to something that is no event class."""


class AlreadyPublished(BusError):
    """An event object was published a second time."""


class PublishCycle(BusError):
    """Handlers publish each other's triggers without end."""
