"""Has one tool called, and turns whatever comes of it into a result."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any

from ..bus.deadline import DeadlinePassed, wait_guest
from ..bus.event import unchecked
from ..bus.guest import Guest
from ..events.content import Outcome
from ..events.tool import Blame, ToolFinished, ToolRequested
from ..tools.coercion import render
from ..tools.errors import Unencodable
from ..tools.tool import Tool
from .scope import RunScope

_finished = unchecked(ToolFinished)
_WORDS = 10_000
"""Characters of an exception that the model is told."""
GRACE_S = 1.0
"""How long a tool that passed its time-out may take to end before it is given up."""


async def call(tool: Tool, request: ToolRequested, work: Coroutine[Any, Any, object], run: RunScope, cap: int) -> ToolFinished:
    """Await a tool's ``work`` as a guest and say how it ended; a tool can raise nothing that hurts the run."""
    started = monotonic()
    what = f"tool {tool.name}"
    try:
        if tool.timeout_s is None:
            value = await Guest(what, run.watch).host(work)
        else:
            value = await wait_guest(work, what, run.watch, tool.timeout_s, GRACE_S)
        rendered = render(value, cap)
    except KeyboardInterrupt:
        raise
    except DeadlinePassed as passed:
        return _timed_out(tool, request, passed, run, started)
    except asyncio.CancelledError as error:
        if run.stopping:
            return _ended(request, "unknown" if tool.kind == "sync" else "cancelled", "caller", _STOPPED[tool.kind == "sync"], started)
        _forget_cancel()
        return _ended(request, "error", "tool", f"The tool cancelled itself: {error or 'no reason given'}", started)
    except Unencodable as error:
        return _ended(request, "error", "tool", f"The tool's result cannot be shown: {error}", started)
    except BaseException as error:
        return _ended(request, "error", "tool", f"{type(error).__name__}: {error}"[:_WORDS], started)
    return _finished(
        call_id=request.call_id,
        name=request.name,
        outcome="ok",
        output=rendered.text,
        parts=rendered.parts,
        elapsed_s=monotonic() - started,
        full_size=rendered.full_size if rendered.truncated else None,
    )


_STOPPED = {
    False: "The run was stopped; this call was cancelled.",
    True: "The run was stopped while this call was running in a thread; its effect may or may not have happened.",
}


def _timed_out(tool: Tool, request: ToolRequested, passed: DeadlinePassed, run: RunScope, started: float) -> ToolFinished:
    words = f"The tool took longer than its {tool.timeout_s:g} s"
    if passed.rest is None and tool.kind != "sync":
        return _ended(request, "error", "tool", f"{words} and was cancelled.", started)
    if passed.rest is not None:
        run.let_go(passed.rest, passed.context, f"tool {tool.name}")
    return _ended(request, "unknown", "tool", f"{words} and would not stop; its effect may or may not happen.", started)


def _ended(request: ToolRequested, outcome: Outcome, blame: Blame, output: str, started: float) -> ToolFinished:
    return ToolFinished(
        call_id=request.call_id,
        name=request.name,
        outcome=outcome,
        blame=blame,
        output=output,
        elapsed_s=monotonic() - started,
    )


def _forget_cancel() -> None:
    """The tool cancelled the task that it ran in, which is ours: nobody wanted the run to stop."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
