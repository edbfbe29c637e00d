"""Writes what was asked for to stdout, and everything else to stderr, whatever these lead to."""

import base64
import io
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from typing import Any, cast

from ..handlers.printable import printable
from .errors import ReaderGone


def prepare() -> None:
    """Let no character be the end of the program: what an encoding does not have is written as its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(text: str, *, styled: bool = False) -> None:
    """Write to stdout, at once; on a terminal without what could control it, unless ``styled`` says that we put it in.

    :raises ReaderGone: nobody reads it any more.
    """
    try:
        sys.stdout.write(text if styled or not sys.stdout.isatty() else printable(text))
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone("nobody reads the output any more") from error


def write_utf8(text: str) -> None:
    """Write to stdout as UTF-8, whatever its encoding is: for what a program reads back.

    :raises ReaderGone: nobody reads it any more.
    """
    if sys.stdout.isatty():
        write(text)
        return
    try:
        sys.stdout.buffer.write(text.encode())
    except BrokenPipeError as error:
        raise ReaderGone("nobody reads the output any more") from error


def write_json(value: object, *, indent: int | None = None) -> None:
    """Write a value as JSON and a line end.

    :raises ReaderGone: nobody reads it any more.
    """
    unicode = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    write(json.dumps(value, ensure_ascii=not unicode, indent=indent, default=_encode) + "\n")


def complain(words: str) -> None:
    """Write a line to stderr, if anybody reads it."""
    with suppress(OSError):
        print(f"loopbus: {printable(words)}", file=sys.stderr, flush=True)


def settle() -> None:
    """Write out what is left; a stream that nobody reads leads nowhere then, or Python would fail to flush it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _encode(value: object) -> Any:
    """What ``json`` does not know: our frozen values, read-only mappings, bytes."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
