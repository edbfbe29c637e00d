"""The engine: a server in a process of its own, started when it is first wanted and never left behind."""

import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import anyio
from anyio import to_thread
from pydantic import SecretStr
from pydantic_core import from_json, to_json

from .cache import cache_folder, make_folder
from .errors import EngineFailed

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("server_main.py")))
"""As a script, the child has nothing of ours to import; -P keeps this folder off its path."""

START_S = 180.0
STOP_S = 5.0
TAIL_LINES = 15
"""How much of the log goes into an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How to run the model. ``context`` is in tokens and for each of the ``slots``, which answer at the same time.

    ``cache_mib`` bounds what the engine keeps of earlier prompts beside the slots'.
    """

    context: int = 8192
    slots: int = 2
    threads: int = field(default_factory=lambda: spare_cores())
    cache_mib: int = 256


DEFAULT_OPTIONS = EngineOptions()


def spare_cores() -> int:
    """All cores but one: with every core busy generating, the event loop of whoever asked would starve."""
    available = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, available - 1)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running engine listens, and the key that it wants to see."""

    url: str
    key: SecretStr


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    address: Address
    log: Path


class Engine:
    """Runs the model that ``prepare`` gives the path of, in a child process that cannot outlive this one.

    The child ends with ``aclose``, with this object, and with this process, even if that is killed.
    """

    def __init__(
        self,
        name: str,
        prepare: Callable[[], Awaitable[Path]],
        options: EngineOptions = DEFAULT_OPTIONS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._name = name
        self._prepare = prepare
        self._options = options
        self._command = command
        self._starting = anyio.Lock()
        self._running: _Running | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        running = self._running
        return running.process.pid if running is not None and running.process.poll() is None else None

    async def address(self) -> Address:
        """Where the engine listens; starts it if it does not run. Those who ask meanwhile wait for the same start.

        :raises EngineFailed: it did not come up; carries the end of its log.
        """
        async with self._starting:
            if self.pid is None:
                await self._clear()
                self._running = await self._start(await self._prepare())
            assert self._running is not None
            return self._running.address

    def last_words(self) -> str | None:
        """Why the child ended, if it was started and has ended: its exit code and the end of its log."""
        running = self._running
        if running is None or (code := running.process.poll()) is None:
            return None
        return f"exit code {code}; its log {running.log} ends with:\n{_tail(running.log)}"

    async def aclose(self) -> None:
        """Stop the child and wait until it is gone. Closing twice is harmless, and a later ``address`` starts anew."""
        with anyio.CancelScope(shield=True):
            async with self._starting:
                await self._clear()

    async def _clear(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_stop, running.process)
            running.log.unlink(missing_ok=True)

    async def _start(self, model: Path) -> _Running:
        log = make_folder(cache_folder() / "logs") / f"{self._name}-{os.getpid()}.log"
        key = secrets.token_urlsafe(32)
        process = self._spawn(log)
        try:
            await to_thread.run_sync(self._tell, process, model, key)
            with anyio.move_on_after(START_S):
                answer = await to_thread.run_sync(_read_line, process, abandon_on_cancel=True)
                if answer:
                    url = cast("dict[str, str]", from_json(answer))["url"]
                    logger.info("engine %d serves %s on %s", process.pid, model.name, url)
                    return _Running(process, Address(url, SecretStr(key)), log)
        except BaseException:
            await self._give_up(process)
            raise
        await self._give_up(process)
        raise EngineFailed(
            f"the engine did not start with {model} (exit code {process.returncode}). "
            f"Its log {log} ends with:\n{_tail(log)}"
        )
