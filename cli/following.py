"""Follows one run from its first event to its exit code."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, cast

from ..bus.event import Event
from ..events.human import ApprovalRequested
from ..events.run import Status
from ..handlers.observers.cost import CostLedger
from ..handlers.observers.terminal import TerminalView
from ..runtime.agent import Agent
from ..runtime.run import Run
from ..runtime.runtime import Runtime
from .approvals import Approvals
from .interrupts import INTERRUPTED, Interrupts, leave
from .output import complain
from .reports import Report

CODES: Mapping[Status, int] = {"completed": 0, "failed": 1, "cancelled": INTERRUPTED, "limit": 3}
GRACE_S = 3.0
"""How long what runs may take to stop after Ctrl-C."""


class Following:
    """Runs an agent and tells a report, and a view if there is one, of every event in order."""

    def __init__(self, report: Report, view: TerminalView | None, approvals: Approvals, interrupts: Interrupts) -> None:
        self._report = report
        self._view = view
        self._approvals = approvals
        self._interrupts = interrupts
        self._seen = 0

    async def run(self, agent: Agent, prompt: str) -> int:
        """Run to the end, however it comes, and return the exit code.

        :raises ReaderGone: nobody reads the output any more; the run is stopped.
        :raises NotConfigured: the model's name, key or extra is missing.
        """
        runtime = Runtime(subscribers=[CostLedger()], grace_s=GRACE_S)
        try:
            async with runtime:
                run = await runtime.start(agent, prompt)
                await self._follow(run)
                result = await run.outcome()
        finally:
            self._close_view()
            if not isinstance(agent.model, str):
                await agent.model.aclose()
        if self._view is None and result.status != "completed":
            complain(f"{result.status}: {result.reason}")
        self._report.result(result)
        code = CODES[result.status]
        if runtime.zombies:
            # An event loop ends only when its tasks do, and these will not.
            leave(code)
        return code

    async def _follow(self, run: Run) -> None:
        try:
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
