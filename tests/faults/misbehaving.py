"""Tools and models that go wrong, or that wait until a test lets them go."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any

from loopbus.backends import Capabilities, Delta, Request
from loopbus.tools import Tool, tool

SWALLOWED = 5
"""How many cancellations a stubborn tool survives; without an end, a test that fails would hang."""


class Gate:
    """A place where a tool or a model waits: ``reached`` says that somebody is there, ``open`` lets them go."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def wait(self) -> None:
        """Be there, and wait."""
        self.reached.set()
        await self.open.wait()


def waiting(gate: Gate, name: str = "wait", answer: object = "done", **options: Any) -> Tool[..., Any]:
    """A tool that waits at a gate."""

    @tool(name=name, **options)
    async def wait() -> object:
        """Wait for somebody to open the gate."""
        await gate.wait()
        return answer

    return wait


def stubborn(gate: Gate, name: str = "stubborn", **options: Any) -> Tool[..., Any]:
    """A tool that swallows the first cancellations, and goes on until its gate is open."""

    @tool(name=name, **options)
    async def hold_on() -> str:
        """Refuse to stop."""
        for _ in range(SWALLOWED):
            with suppress(asyncio.CancelledError):
                await gate.wait()
                break
        else:
            await gate.wait()
        return "at last"

    return hold_on


def raising(error: Callable[[], BaseException], name: str = "fail", **options: Any) -> Tool[..., Any]:
    """A tool that raises."""

    @tool(name=name, **options)
    async def fail() -> None:
        """Go wrong."""
        raise error()

    return fail


class Fake:
    """A backend of ten lines: ``stream`` is whatever the test wants it to be."""

    model = "fake"
    capabilities = Capabilities()

    def __init__(self, stream: Callable[[Request], AsyncGenerator[Delta, None]]) -> None:
        self._stream = stream
        self.closed = 0

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """Stream what the test wants."""
        return self._stream(request)

    async def aclose(self) -> None:
        """Count how often it was closed."""
        self.closed += 1
