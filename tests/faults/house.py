"""A runtime under test: it knows every run it started, watches them live, and is searched for leftovers at the end."""

import asyncio
import copy
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from loopbus.backends import Scripted, call, text
from loopbus.events import CostCounted, Custom, Event, Message, RunState
from loopbus.events.state import replay
from loopbus.runtime import Agent, Limits, Run, RunResult, Runtime
from loopbus.tools import tool

from .invariants import check_run

PATIENCE_S = 20.0
"""Seconds after which a test that would hang fails instead; never waited for when all is well."""


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


CANARY = Agent(Scripted([call("add", a=17, b=25), text("42")], per_run=True), tools=[add], name="canary")


class House:
    """Starts runs like the runtime it holds, and checks the invariants of every one of them."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.runs: list[Run] = []
        self.open = True
        """Whether the runtime takes runs; a test that closes it says so."""
        self._lived: dict[str, list[RunState]] = {}
        runtime.derive(Event)(self._photograph)

    def _photograph(self, event: Event) -> None:
        """Keep the live state at every event, to be compared with the fold of the log up to there."""
        run = next(run for run in self.runtime.runs if run.id == event.run_id)
        self._lived.setdefault(run.id, []).append(copy.deepcopy(run.state))

    async def start(self, agent: Agent, prompt: str | Message = "go", **options: Any) -> Run:
        """Start a run that will be checked."""
        run = await self.runtime.start(agent, prompt, **options)
        if run not in self.runs:
            self.runs.append(run)
        return run

    def adopt(self, _: Event) -> None:
        """Check also a run that somebody else has just started; a deriver of ``RunStarted``."""
        self.runs.extend(run for run in self.runtime.runs if run not in self.runs)

    async def outcome(self, agent: Agent, prompt: str | Message = "go", **options: Any) -> RunResult[Any]:
        """Start a run and wait for what it comes to."""
        run = await self.start(agent, prompt, **options)
        async with asyncio.timeout(PATIENCE_S):
            return await run.outcome()

    async def check(self) -> None:
        """Check every run so far, and that a canary run beside them goes as it always does."""
        for run in self.runs:
            async with asyncio.timeout(PATIENCE_S):
                await run.outcome()
            await check_run(run)
            self._check_lived(run)
        if self.open:
            await self._check_canary()
        assert not [run for run in self.runtime.runs if run.status is not None], "a run that is over is still listed"
        assert readers(self.runs) == 0, "a reader was left on a run"

    def _check_lived(self, run: Run) -> None:
        """I5 at every prefix: what the state was at each event is what the log up to that event tells."""
        log, lived = list(run.log), self._lived.get(run.id, [])
        assert [state.seq for state in lived] == [event.seq for event in log]
        for place, state in enumerate(lived, 1):
            assert replay(log[:place]) == state, (
                f"fold and live differ at event {place}, {type(log[place - 1]).__name__}"
            )

    async def _check_canary(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            run = await self.runtime.start(CANARY, "What is 17 + 25?")
            assert (await run.result()).output == "42"
        assert [type(event).__name__ for event in run.log if not isinstance(event, ASIDE)] == CANARY_LOG
        self._check_lived(run)


ASIDE = (Custom, CostCounted)
"""What a subscriber of the test may have added to the canary's log."""
CANARY_LOG = [
    *("RunStarted", "TurnStarted", "ModelRequested", "ModelReplied", "ToolRequested", "ToolStarted", "ToolFinished"),
    *("TurnFinished", "TurnStarted", "ModelRequested", "ModelReplied", "TurnFinished", "RunFinished"),
]


@asynccontextmanager
async def house(*, grace_s: float = 5.0, subscribers: Sequence[object] = (), **options: Any) -> AsyncGenerator[House]:
    """A runtime that checks itself: its runs when the block is left, and what it leaves behind when it is closed."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    # Copying every state takes its time, and would be reported for blocking the loop.
    options.setdefault("blocked_s", PATIENCE_S)
    async with Runtime(grace_s=grace_s, subscribers=subscribers, **options) as runtime:
        under_test = House(runtime)
        yield under_test
        await under_test.check()
    for run in under_test.runs:
        await check_run(run)
    await settle(lambda: not _own(set(threading.enumerate()) - threads))
    assert _own(set(threading.enumerate()) - threads) == set(), "a thread was left behind"
    left = asyncio.all_tasks() - tasks
    assert {task.get_name() for task in left} == {zombie.what for zombie in runtime.zombies}, "a task was left behind"


def _own(threads: set[threading.Thread]) -> set[threading.Thread]:
    return {thread for thread in threads if thread.name.startswith("loopbus") and thread.is_alive()}


def readers(runs: Sequence[Run]) -> int:
    """How many readers and waiters hang on these runs."""
    journals = [run.journal for run in runs]
    return sum(len(journal._listeners) + len(journal._waiting) for journal in journals)  # pyright: ignore[reportPrivateUsage]


async def settle(condition: Callable[[], object]) -> None:
    """Let the loop turn, and threads run, until ``condition()`` holds; fail if it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - it may be another thread that makes it hold
            await asyncio.sleep(0)


def agent(*script: Any, tools: Sequence[Any] = (), limits: Limits | None = None, **options: Any) -> Agent:
    """An agent whose model follows a script."""
    model = options.pop("model", None) or Scripted(list(script), **options.pop("scripted", {}))
    return Agent(model, tools=tools, limits=limits or Limits(), **options)
