"""The engine: a server in a process of its own, started when it is first wanted and never left behind."""

import logging
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from pydantic import SecretStr
from pydantic_core import from_json, to_json

from ..errors import BackendError, Broken
from ..transport import HttpRequest, Transport
from .cache import cache_folder, make_folder
from .errors import EngineFailed

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("server_main.py")))
"""As a script, the child has nothing of ours to import; -P keeps this folder off its path."""

START_S = 180.0
"""A model of some gigabytes, read from a slow disk, takes a while."""
STOP_S = 10.0
FAREWELL_S = 1.0
"""Between the loss of a connection and the end of the process that held it."""
TAIL_LINES = 15
"""How much of the log goes into an error."""


def spare_cores() -> int:
    """All cores but one, and one at least: with all of them generating, the event loop that asks would starve."""
    available = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, available - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How to run the model. ``context`` is in tokens and for each of the ``slots``, which answer at the same time.

    ``cache_mib`` bounds what the engine keeps of earlier prompts beside the slots.
    """

    context: int = 8192
    slots: int = 2
    threads: int = field(default_factory=spare_cores)
    cache_mib: int = 256


DEFAULT_OPTIONS = EngineOptions()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running engine listens, and the key that it wants to see."""

    url: str
    key: SecretStr


@dataclass(frozen=True, slots=True)
class _Child:
    """The process, where it listens, and the file that its standard error goes to."""

    process: subprocess.Popen[bytes]
    address: Address
    log: Path


class Engine:
    """Runs the model whose path ``prepare`` gives in a child process that cannot outlive this one.

    The child ends with ``aclose``, with this object, and with this process, even if that is killed. ``transport``
    carries the health check, and belongs to the caller.
    """

    def __init__(
        self,
        name: str,
        prepare: Callable[[], Awaitable[Path]],
        transport: Transport,
        options: EngineOptions = DEFAULT_OPTIONS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._name = name
        self._prepare = prepare
        self._transport = transport
        self._options = options
        self._command = command
        self._lock = anyio.Lock()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, while it runs."""
        child = self._child
        return child.process.pid if child is not None and child.process.poll() is None else None

    async def address(self) -> Address:
        """Where the engine listens; starts it if it does not run. Who asks meanwhile waits for the same start.

        :raises EngineFailed: it did not come up; carries the end of its log.
        """
        async with self._lock:
            if self._child is None or self._child.process.poll() is not None:
                await self._clear()
                self._child = await self._start(await self._prepare())
            return self._child.address

    async def wait_epitaph(self) -> str:
        """How the child ended, with the end of its log; empty if it goes on running for ``FAREWELL_S``."""
        child = self._child
        if child is None:
            return ""
        with suppress(subprocess.TimeoutExpired):
            await to_thread.run_sync(child.process.wait, FAREWELL_S)
            return _epitaph(child.process, child.log)
        return ""

    async def aclose(self) -> None:
        """Stop the child and wait until it is gone. Closing twice is harmless, and a later ``address`` starts anew."""
        with anyio.move_on_after(STOP_S, shield=True):
            async with self._lock:
                await self._clear()

    async def _clear(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await _stop(child.process)
            child.log.unlink(missing_ok=True)

    async def _start(self, model: Path) -> _Child:
        key = secrets.token_urlsafe(32)
        # Here and not in a worker thread: to Linux the thread is the parent, and those threads come and go.
        process, log = _spawn(self._command, self._name)
        try:
            with anyio.fail_after(START_S):
                url = await _introduce(process, {**asdict(self._options), "model": str(model), "key": key})
                child = _Child(process, Address(url, SecretStr(key)), log)
                await self._check_health(child.address)
        except (BackendError, OSError, ValueError, KeyError) as exc:
            await _stop(process)
            why = f"was not up after {START_S:g} s" if isinstance(exc, TimeoutError) else f"did not come up ({exc})"
            raise EngineFailed(f"the engine {why} with {model}; {_epitaph(process, log)}") from exc
        except BaseException:
            await _stop(process)
            raise
        logger.info("engine %d serves %s on %s", process.pid, model.name, url)
        return child

    async def _check_health(self, address: Address) -> None:
        async with self._transport.open(HttpRequest(f"{address.url}/health", "GET")) as reply:
            if reply.status != 200:
                raise Broken(f"its health check answered {reply.status}")


def _spawn(command: Sequence[str], name: str) -> tuple[subprocess.Popen[bytes], Path]:
    folder, pipe = make_folder(cache_folder() / "logs"), subprocess.PIPE
    try:
        with tempfile.NamedTemporaryFile(prefix=f"{name}-", suffix=".log", dir=folder, delete=False) as log:
            # In a session of its own, so that Ctrl-C is ours to answer.
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, start_new_session=True)
    except OSError as exc:
        raise EngineFailed(f"the engine's process cannot be started ({exc})") from exc
    return process, Path(log.name)


async def _introduce(process: subprocess.Popen[bytes], options: Mapping[str, Any]) -> str:
    """Tell the child what to run, and hear where it listens."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(to_json({**options, "parent": os.getpid()}) + b"\n")
    process.stdin.flush()
    return from_json(await to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True))["url"]


async def _stop(process: subprocess.Popen[bytes]) -> None:
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(_kill, process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # It has nothing to lose. Leaving the block closes the pipes and waits until it is gone.
    with process:
        process.kill()


def _epitaph(process: subprocess.Popen[bytes], log: Path) -> str:
    last = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    return f"exit code {process.returncode}, and its log {log} ends with:\n{last}"
