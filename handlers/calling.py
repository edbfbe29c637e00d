"""Has one tool called, and turns whatever comes of it into a result."""

import asyncio
from collections.abc import Coroutine, Mapping
from time import monotonic
from typing import Any

from ..bus.deadline import DeadlinePassed, wait_guest
from ..bus.event import unchecked
from ..bus.guest import Guest
from ..bus.words import describe
from ..events.content import Outcome
from ..events.tool import Blame, ToolFinished, ToolRequested
from ..tools.coercion import render
from ..tools.errors import Unencodable
from ..tools.invoke import manner_of
from ..tools.tool import Tool
from .scope import RunScope

_finished = unchecked(ToolFinished)
GRACE_S = 1.0
"""How long a tool that passed its time-out may take to end before it is given up."""


async def call(
    tool: Tool, request: ToolRequested, work: Coroutine[Any, Any, object], run: RunScope, cap: int
) -> ToolFinished:
    """Await a tool's ``work`` as a guest and say how it ended; a tool can raise nothing that hurts the run."""
    started = monotonic()
    try:
        if run.unrecorded:
            await _recorded(work, run)
        if tool.timeout_s is None:
            value = await Guest(f"tool {tool.name}", run.watch).host(work)
        else:
            value = await wait_guest(work, f"tool {tool.name}", run.watch, tool.timeout_s, GRACE_S)
        output, parts, truncated, full_size = render(value, cap)
    except KeyboardInterrupt:
        raise
    except DeadlinePassed as passed:
        return _timed_out(tool, request, passed, run, started)
    except asyncio.CancelledError as error:
        if run.stopping:
            return _ended(request, *_STOPPED[_in_thread(tool)], started)
        if _is_cancelled():
            raise
        return _ended(request, "error", "tool", f"The tool cancelled itself: {describe(error)}", started)
    except Unencodable as error:
        return _ended(request, "error", "tool", f"The tool's result cannot be shown: {error}", started)
    except BaseException as error:
        return _ended(request, "error", "tool", describe(error), started)
    return _finished(
        call_id=request.call_id,
        name=request.name,
        outcome="ok",
        output=output,
        parts=parts,
        elapsed_s=monotonic() - started,
        full_size=full_size if truncated else None,
    )


async def _recorded(work: Coroutine[Any, Any, object], run: RunScope) -> None:
    """Wait until it can never be forgotten that the tool begins; a tool whose start cannot be recorded never starts."""
    try:
        await run.wait_recorded()
    except BaseException:
        work.close()
        raise


_STOPPED: Mapping[bool, tuple[Outcome, Blame, str]] = {
    False: ("cancelled", "caller", "The run was stopped; this call was cancelled."),
    True: (
        "unknown",
        "caller",
        "The run was stopped while this call was running in a thread; its effect may or may not have happened.",
    ),
}
"""What a run that is stopped says of a call, by whether it runs in a thread: those go on."""


def _timed_out(
    tool: Tool, request: ToolRequested, passed: DeadlinePassed, run: RunScope, started: float
) -> ToolFinished:
    words = f"The tool took longer than its {tool.timeout_s:g} s"
    if passed.rest is not None:
        run.let_go(_outlive(passed.rest, request, run), passed.context, f"tool {tool.name}")
    elif not _in_thread(tool):
        return _ended(request, "error", "tool", f"{words} and was cancelled.", started)
    return _ended(request, "unknown", "tool", f"{words} and would not stop; its effect may or may not happen.", started)


async def _outlive(rest: Coroutine[Any, Any, object], request: ToolRequested, run: RunScope) -> None:
    """Run what is left of a tool that was given up to its end, which is said and can hurt nobody."""
    try:
        value = await rest
    except (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError):
        raise
    except BaseException as error:
        value = error
    run.late(request.call_id, request.name, value, failed=isinstance(value, BaseException))


def _in_thread(tool: Tool) -> bool:
    """Whether the tool runs in a thread, at least in part: nobody can stop it there."""
    return manner_of(tool.fn).begin is not None


def _ended(request: ToolRequested, outcome: Outcome, blame: Blame, output: str, started: float) -> ToolFinished:
    return ToolFinished(
        call_id=request.call_id,
        name=request.name,
        outcome=outcome,
        blame=blame,
        output=output,
        elapsed_s=monotonic() - started,
    )


def _is_cancelled() -> bool:
    """Whether somebody outside wants the running task to end: what the tool itself did to it is taken back."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
