"""When a runtime can be used, and in which event loop."""

import asyncio

from .errors import OtherLoop, RuntimeClosed, UsageError


class Life:
    """A runtime lives once: it is opened, used in the event loop that it was opened in, and closed."""

    def __init__(self) -> None:
        self.began = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Note that the runtime is opened here.

        :raises UsageError: it was opened before.
        """
        if self.began:
            raise UsageError("this runtime was opened before; make another one")
        self.began = True
        self._loop = asyncio.get_running_loop()

    def end(self) -> bool:
        """Note that the runtime takes nothing more; whether it did until now."""
        was_open, self._loop = self._loop is not None, None
        return was_open

    def check(self) -> None:
        """Refuse what can only be done while the runtime is open, and in its loop.

        :raises RuntimeClosed: it is not open.
        :raises OtherLoop: it was opened in another event loop than this one.
        """
        if self._loop is None:
            state = "closed" if self.began else "not open yet"
            raise RuntimeClosed(f"this runtime is {state}; use it inside `async with Runtime() as runtime:`")
        if asyncio.get_running_loop() is not self._loop:
            raise OtherLoop(
                "this runtime was opened in another event loop; from a thread beside that loop, call "
                "asyncio.run_coroutine_threadsafe(runtime.run(...), loop)"
            )
