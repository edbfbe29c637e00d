"""The bus: events' base class, subscriptions, interception and bounded streams. It has never heard of a model."""

from .bus import Bus
from .data import dump, event_class, known_events, load
from .errors import (
    AlreadyPublished,
    BadEvent,
    BadOption,
    BadSelector,
    BusError,
    CannotSpawn,
    Deadlock,
    LoopbusError,
    NameTaken,
    NotInterceptable,
    PublishCycle,
    StageTaken,
    StreamTaken,
    UnknownEvent,
)
from .event import Event
from .house import EventsDropped, House, LoopBlocked, SubscriberFailed
from .interception import Ask, Instead, Policy, Veto
from .observer import Observer
from .queue import Overflow
from .recorder import Recorder
from .selector import Selector
from .stages import StageTable
from .stream import Stream
from .tasks import TaskOwner

__all__ = [
    "AlreadyPublished",
    "Ask",
    "BadEvent",
    "BadOption",
    "BadSelector",
    "Bus",
    "BusError",
    "CannotSpawn",
    "Deadlock",
    "Event",
    "EventsDropped",
    "House",
    "Instead",
    "LoopBlocked",
    "LoopbusError",
    "NameTaken",
    "NotInterceptable",
    "Observer",
    "Overflow",
    "Policy",
    "PublishCycle",
    "Recorder",
    "Selector",
    "StageTable",
    "StageTaken",
    "Stream",
    "StreamTaken",
    "SubscriberFailed",
    "TaskOwner",
    "UnknownEvent",
    "Veto",
    "dump",
    "event_class",
    "known_events",
    "load",
]
