"""When a runtime can be used, and in which event loop."""

import asyncio

from .errors import NoLoop, OtherLoop, RuntimeClosed, UsageError


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop that runs here.

    :raises NoLoop: none does.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise NoLoop(
            "no asyncio event loop runs here: begin with asyncio.run(...) or uvloop.run(...), for loopbus does not run "
            "on trio; code without any event loop calls agent.run_sync(...)"
        ) from None


class Life:
    """A runtime lives once: it is opened, used in the event loop that it was opened in, and closed."""

    def __init__(self) -> None:
        self.began = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def state(self) -> str:
        """Where it is in its life, in words."""
        return "open" if self._loop is not None else "closed" if self.began else "not open yet"

    def begin(self) -> None:
        """Note that the runtime is opened here.

        :raises NoLoop: no event loop runs here.
        :raises UsageError: it was opened before.
        """
        loop = running_loop()
        if self.began:
            raise UsageError("this runtime was opened before; make another one, where the program or the test begins")
        self.began = True
        self._loop = loop

    def end(self) -> bool:
        """Note that the runtime takes nothing more; whether it did until now."""
        was_open, self._loop = self._loop is not None, None
        return was_open

    def check(self) -> None:
        """Refuse what can only be done while the runtime is open, and in its loop.

        :raises RuntimeClosed: it is not open.
        :raises OtherLoop: it was opened in another event loop than this one.
        :raises NoLoop: no event loop runs here.
        """
        if self._loop is None:
            raise RuntimeClosed(f"this runtime is {self.state}; use it inside `async with Runtime() as runtime:`")
        if running_loop() is not self._loop:
            raise OtherLoop(
                "this runtime was opened in another event loop; from a thread beside that loop, call "
                "asyncio.run_coroutine_threadsafe(runtime.run(...), loop)"
            )
