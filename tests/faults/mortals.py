"""Processes that are to be killed: each is forked from one that has everything imported, and only one thread."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from dataclasses import asdict
from types import TracebackType
from typing import NoReturn, Self

from ..architecture import ROOT
from ..processes import unmeasured
from .deadly import Cut
from .errand import Life, live

_CHILD = {signal.SIGCHLD}
_HUNG = 1
_PATIENCE_S = 30.0
"""Seconds after which a process that nobody meant to kill hangs; never waited for when all is well."""


class Mortals:
    """Lets processes live, one after the other."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            # Whoever is killed tells coverage nothing.
            [sys.executable, "-m", f"{__package__}.mortals"],
            cwd=ROOT, env=unmeasured(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def live(self, life: Life) -> bool:
        """Let a process live, and wait for its end; the answer is whether it came to its end by itself.

        :raises AssertionError: it ended by itself, and not well; why is on standard error.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asdict(life)) + "\n")
        status = int(self._server.stdout.readline())
        assert status in (0, -signal.SIGKILL), f"a process ended with {status}"
        return status == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # It ends by itself where its input does.
        self._server.communicate()


def serve() -> None:
    """Fork a process for each line of standard input, and say how it ended."""
    # What goes wrong here is meant to, and is not worth telling.
    logging.getLogger("loopbus").setLevel(logging.CRITICAL)
    # What only the first run in a process has to do is done once for all of them.
    asyncio.run(live(Life(url="memory://", diary=os.devnull, begin=("warm up",))))
    signal.pthread_sigmask(signal.SIG_BLOCK, _CHILD)
    for line in sys.stdin:
        fields = json.loads(line)
        cut = fields.pop("cut")
        life = Life(**fields, cut=Cut(*cut) if cut is not None else None)
        child = os.fork()
        if not child:
            _be(life)
        print(_ended(child, life.seconds), flush=True)


def _ended(child: int, seconds: float | None) -> int:
    """How a process ended, which is killed after so many seconds."""
    late = signal.sigtimedwait(_CHILD, _PATIENCE_S if seconds is None else seconds) is None
    if late:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if late:
        # It tells of its death, or of its end if that came first; the next process must not be taken for this one.
        signal.sigtimedwait(_CHILD, 0)
    return _HUNG if late and seconds is None else status


def _be(life: Life) -> NoReturn:
    try:
        asyncio.run(live(life))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    serve()
