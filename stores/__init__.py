"""The log on disk: append, read, follow, list, fork, lease, delete, hand over."""

from .contract import EventLog, Lease, Proof, RunInfo, SessionInfo, Survives
from .errors import (
    BadExport,
    KeyTaken,
    LeaseHeld,
    LeaseLost,
    NoSuchRun,
    NotInstalled,
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
from .postgres import PostgresRows
from .rows import RowStore
from .sqlite import SqliteRows
from .transfer import export_run, export_session, import_run, import_session
from .upcasting import upcasts

__all__ = [
    "BadExport",
    "EventLog",
    "KeyTaken",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "Log",
    "MemoryRows",
    "NoSuchRun",
    "NotInstalled",
    "NotOurs",
    "OpaqueEvent",
    "PostgresRows",
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
    "export_run",
    "export_session",
    "import_run",
    "import_session",
    "open_log",
    "upcasts",
]
