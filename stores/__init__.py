"""The log on disk: append, read, follow, list, lease, delete."""

from .contract import EventLog, Lease, Proof, RunInfo, SessionInfo, Survives
from .errors import (
    KeyTaken,
    LeaseHeld,
    LeaseLost,
    NoSuchRun,
    NotOurs,
    SchemaTooNew,
    StoreBroken,
    StoreBusy,
    StoreClosed,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreMisused,
    StoreUnavailable,
    UpcastFailed,
    WrongSeq,
)
from .location import open_log
from .log import Log
from .memory import MemoryRows
from .opaque import OpaqueEvent
from .rows import RowStore
from .sqlite import SqliteRows
from .upcasting import upcasts

__all__ = [
    "EventLog",
    "KeyTaken",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "Log",
    "MemoryRows",
    "NoSuchRun",
    "NotOurs",
    "OpaqueEvent",
    "Proof",
    "RowStore",
    "RunInfo",
    "SchemaTooNew",
    "SessionInfo",
    "SqliteRows",
    "StoreBroken",
    "StoreBusy",
    "StoreClosed",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreMisused",
    "StoreUnavailable",
    "Survives",
    "UpcastFailed",
    "WrongSeq",
    "open_log",
    "upcasts",
]
