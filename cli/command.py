"""The command ``loopbus``, and how it ends."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..bus.errors import LoopbusError
from ..runtime.errors import ReplayMismatch, RunInterrupted
from ..stores import StoreDamaged, StoreUnavailable
from .errors import ReaderGone
from .output import complain, prepare, settle

try:
    from .app import app
except ModuleNotFoundError as missing:
    if missing.name not in ("typer", "rich", "prompt_toolkit"):
        raise
    commands: Callable[..., Any] | None = None
else:
    commands = app

FAILED = 1
USAGE = 2
SIGPIPE = 128 + 13
"""What a shell reports of a program that wrote to somebody who had stopped reading."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 completed, 1 failed, 2 wrong usage, 3 limit reached, 4 suspended, 130 interrupted.

    :raises SystemExit: always.
    """
    prepare()
    if commands is None:
        complain('the command needs an extra: pip install "loopbus[cli]"')
        raise SystemExit(USAGE)
    try:
        commands(args=arguments, prog_name="loopbus")
    except ReaderGone:
        sys.exit(SIGPIPE)
    except (ReplayMismatch, RunInterrupted, StoreDamaged, StoreUnavailable) as error:
        complain(str(error))
        sys.exit(FAILED)
    except LoopbusError as error:
        complain(str(error))
        sys.exit(USAGE)
    finally:
        settle()
