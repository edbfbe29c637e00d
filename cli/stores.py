"""Opens the log that a command is about."""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from shlex import quote
from typing import Annotated, TypeVar
from urllib.parse import unquote

import typer

from ..bus.redaction import redact
from ..stores import EventLog, open_log
from .errors import NoStore
from .interrupts import Interrupts

T = TypeVar("T")

VARIABLE = "LOOPBUS_STORE"
StoreOption = Annotated[
    str | None,
    typer.Option("--store", envvar=VARIABLE, metavar="URL", help="Where the runs are kept, such as sqlite:///runs.db."),
]
_SQLITE_FILE = re.compile(r"sqlite:///([^?]+)")


def on_log(store: str | None, work: Callable[[EventLog], Awaitable[T]], *, make: bool = False) -> T:
    """Do something with the log at ``store``, and close it. It must be there already, unless ``make`` allows a new one.

    :raises NoStore: none is named, or there is no such file.
    :raises Exit: it was interrupted.
    """
    url = named(store) if make else existing(store)

    async def open_and_work() -> T:
        async with open_log(url) as log:
            return await work(log)

    return Interrupts().run(open_and_work())


def existing(store: str | None) -> str:
    """The URL of a log to read: opening one would make its file, and a slip in the name would look like an empty log.

    :raises NoStore: none is named, or there is no such file.
    """
    url = named(store)
    file = _SQLITE_FILE.fullmatch(url)
    if file is not None and not Path(unquote(file[1])).is_file():
        raise NoStore(f"there is no file {unquote(file[1])}, which {url} names; loopbus run --store {url} makes one")
    return url


def to_type(store: str) -> str:
    """The option to type for a log: none where the environment says it, and none of its passwords."""
    return "" if store == os.environ.get(VARIABLE) else f" --store {quote(redact(store))}"


def named(store: str | None) -> str:
    """The URL of a log.

    :raises NoStore: none is named.
    """
    if not store:
        raise NoStore(f"where are the runs kept? Give --store URL, such as sqlite:///runs.db, or set {VARIABLE}")
    return store
