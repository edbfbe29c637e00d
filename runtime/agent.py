"""An agent, and the doors to run it without a runtime of one's own."""

from collections.abc import Sequence
from typing import Any

from ..events.content import Message
from ..handlers.limits import Limits
from .default import default_runtime, run_in_new_loop
from .result import RunResult
from .spec import AgentSpec


class Agent(AgentSpec):
    __doc__ = AgentSpec.__doc__
    __slots__ = ()

    async def run(
        self,
        prompt: str | Message,
        *,
        messages: Sequence[Message] = (),
        session: str | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> RunResult[Any]:
        """Run to the end on this event loop's default runtime and return the result.

        ``messages`` is a conversation to continue, such as an earlier ``result.messages``; ``session`` names one that
        the runtime keeps. Cancelling this cancels the run.

        :raises RunFailed, RunCancelled, LimitReached: it did not complete; each carries the partial ``result``.
        """
        runtime = await default_runtime()
        return await runtime.run(self, prompt, messages=messages, session=session, deps=deps, limits=limits)

    def run_sync(
        self,
        prompt: str | Message,
        *,
        messages: Sequence[Message] = (),
        deps: Any = None,
        limits: Limits | None = None,
    ) -> RunResult[Any]:
        """The same for code without an event loop.

        :raises InsideLoop: an event loop runs here already; await ``run`` instead.
        """
        return run_in_new_loop(lambda: self.run(prompt, messages=messages, deps=deps, limits=limits))
