"""The folder that keeps what was downloaded, and the lock that lets one process at a time change it."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import anyio

from .errors import WeightsUnavailable

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


POLL_S = 0.2
"""How often to ask for a lock that another process holds."""


def cache_folder() -> Path:
    """``LOOPBUS_CACHE``, or else ``loopbus`` in ``XDG_CACHE_HOME`` or in ``~/.cache``."""
    own, shared = os.environ.get("LOOPBUS_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own or Path(shared or "~/.cache", "loopbus")).expanduser()


def make_folder(folder: Path) -> Path:
    """``folder``, made if need be.

    :raises WeightsUnavailable: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise WeightsUnavailable(
            f"cannot make the folder {folder} ({exc.strerror}); set LOOPBUS_CACHE to one that can be written"
        ) from exc
    return folder


@asynccontextmanager
async def locked(path: Path) -> AsyncGenerator[None, None]:
    """Hold the lock file ``path``; waits while another process, or another task of this one, holds it.

    The system frees the lock when its process dies, so no lock outlives its holder.
    """
    with path.open("ab") as file:
        while True:
            try:
                _try_lock(file)
                break
            except (BlockingIOError, PermissionError):
                await anyio.sleep(POLL_S)
        # Closing the file frees the lock.
        yield
