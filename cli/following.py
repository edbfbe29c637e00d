"""Follows one run from its first event to its exit code."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Protocol, cast

from ..bus.event import Event
from ..events.human import ApprovalRequested
from ..events.run import RunSuspended, Status
from ..handlers.observers.cost import CostLedger
from ..runtime.agent import Agent
from ..runtime.result import RunResult
from ..runtime.run import Run
from ..runtime.runtime import Runtime
from .approvals import Approvals
from .interrupts import INTERRUPTED, Interrupts, leave
from .output import complain
from .reports import Report
from .suspended import ANY_AGENT, what_to_do

CODES: Mapping[Status, int] = {"completed": 0, "failed": 1, "cancelled": INTERRUPTED, "limit": 3}
WAITS = 4
"""The exit code of a run that is suspended: it goes on when it is resumed."""
GRACE_S = 3.0
"""How long what runs may take to stop after Ctrl-C."""

Begin = Callable[[Runtime], Awaitable[Run]]
"""Starts the run that is to be followed, or takes it up."""


class View(Protocol):
    """Shows events as they come."""

    def __call__(self, event: Event) -> object: ...

    def pause(self) -> None:
        """Let somebody else use the terminal until the next event."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class Following:
    """Follows a run and tells a report, and a view if there is one, of every event in order.

    With a ``store`` the run is kept there, and may be suspended: then its decisions are left to others, who
    are told to resume it with the ``options`` of its agent.
    """

    def __init__(
        self,
        report: Report,
        view: View | None,
        approvals: Approvals,
        interrupts: Interrupts,
        store: str | None = None,
        options: str = ANY_AGENT,
    ) -> None:
        self._report = report
        self._view = view
        self._approvals = approvals
        self._interrupts = interrupts
        self._store = store
        self._options = options
        self._seen = 0
        self._suspended = False

    async def run(self, agent: Agent, begin: Begin, *, after: int = 0) -> int:
        """Follow the run that ``begin`` gives to its end, however it comes, and return the exit code.

        What happened up to the event ``after`` is not told.

        :raises ReaderGone: nobody reads the output any more; the run is stopped.
        :raises NotConfigured: the model's name, key or extra is missing.
        """
        self._seen = after
        runtime = Runtime(store=self._store, agents=[agent], subscribers=[CostLedger()], grace_s=GRACE_S)
        try:
            async with runtime:
                run = await begin(runtime)
                await self._follow(run)
                result = None if self._suspended else await run.outcome()
        finally:
            self._close_view()
            if not isinstance(agent.model, str):
                await agent.model.aclose()
        code = self._leave(run) if result is None else self._conclude(result)
        if runtime.zombies:
            # An event loop ends only when its tasks do, and these will not.
            leave(code)
        return code

    def _leave(self, run: Run) -> int:
        self._report.suspended(run)
        complain(what_to_do(run, self._store or "", self._options))
        return WAITS

    def _conclude(self, result: RunResult[Any]) -> int:
        if self._view is None and result.status != "completed":
            complain(f"{result.status}: {result.reason}")
        self._report.result(result)
        return CODES[result.status]

    async def _follow(self, run: Run) -> None:
        try:
            for asked in tuple(run.state.waiting.values()):
                if asked.seq <= self._seen:
                    await self._decide(run, asked)
            await self._read(run, ephemeral=True)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._interrupts.count or task is None:
                raise
            task.uncancel()
            complain("interrupted; the run is being stopped, Ctrl-C again ends it at once")
            await run.cancel("interrupted", author="user")
            await self._read(run, ephemeral=False)

    async def _read(self, run: Run, *, ephemeral: bool) -> None:
        async with aclosing(cast("Any", run.events(after=self._seen, ephemeral=ephemeral))) as events:
            async for event in events:
                if event.durable:
                    self._seen = event.seq
                self._tell(event)
                if isinstance(event, ApprovalRequested):
                    await self._decide(run, event)
                elif isinstance(event, RunSuspended) and run.state.suspended and _still_waits(event, run):
                    self._suspended = True
                    return

    def _tell(self, event: Event) -> None:
        self._report.event(event)
        if self._view is not None:
            try:
                self._view(event)
            except OSError:
                # Nobody watches any more; that is no reason for the run to end.
                self._view = None

    async def _decide(self, run: Run, event: ApprovalRequested) -> None:
        if run.status is None and event.call_id in run.state.waiting:
            if self._view is not None:
                self._view.pause()
            await self._approvals(run, event)

    def _close_view(self) -> None:
        if self._view is not None:
            self._view.close()


def _still_waits(event: RunSuspended, run: Run) -> bool:
    """Whether nobody has decided yet about what a run was suspended for: whoever reads may be behind."""
    return not event.waiting or any(call_id in run.state.waiting for call_id in event.waiting)
