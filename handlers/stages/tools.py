"""Has tools called."""

from collections.abc import AsyncGenerator, Coroutine
from contextlib import nullcontext
from typing import Any, cast

from ...bus.event import Event, unchecked
from ...events.content import ToolCall
from ...events.human import ApprovalRequested
from ...events.state import RunState
from ...events.tool import Blame, ToolFinished, ToolProgress, ToolRequested, ToolStarted, failure
from ...tools.context import ToolContext
from ...tools.errors import InvalidArguments, UnknownTool
from ...tools.invoke import last_of
from ...tools.threads import ThreadPool
from ...tools.tool import Tool
from ...tools.toolset import Toolset
from ..calling import call
from ..limits import Limits
from ..powers import context_for
from ..scope import RunScope

_started = unchecked(ToolStarted)
_CUT = {
    "length": (
        "The reply was cut off by the output limit before it was complete, so nothing was run. Send it again, shorter."
    ),
    "content_filter": "The reply was cut off by a content filter before it was complete, so nothing was run.",
}
"""What the model is told of its calls in a reply that was cut: the last of them may be half a call."""


class CallTools:
    """Has the tool of one call run, once its arguments are right.

    Hears ToolRequested; causes ApprovalRequested, or ToolStarted and ToolFinished. The calls of one reply run
    together, each in a task of its own, unless it is only one or any of them is ``sequential``.
    """

    def __init__(self, tools: Toolset, threads: ThreadPool, limits: Limits, result_bytes: int) -> None:
        self._tools = tools
        self._threads = threads
        self._limits = limits
        self._result_bytes = result_bytes

    async def __call__(self, event: ToolRequested, run: RunScope) -> Event | None:
        state = run.state
        calls = state.transcript.calls
        if state.stop in _CUT or not event.arguments or self._limits.tool_calls is not None:
            refused = self._refused(event, calls, run)
            if refused is not None:
                return failure(event.call_id, event.name, *refused)
        try:
            tool = self._tools[event.name]
            kwargs = tool.validate(event.arguments)
        except (UnknownTool, InvalidArguments) as error:
            return failure(event.call_id, event.name, "model", str(error))
        if tool.needs_approval and event.call_id not in state.approved:
            return ApprovalRequested(
                call_id=event.call_id,
                name=event.name,
                arguments=event.arguments,
                approver="",
                reason="the tool needs it",
            )
        if len(calls) == 1:
            return await (self._call if tool.resource is None else self._run)(tool, kwargs, event, run)
        if self._in_order(calls):
            return await self._run(tool, kwargs, event, run)
        run.answer_later(self._run(tool, kwargs, event, run), f"tool {tool.name}", event.seq)
        return None

    def _refused(self, event: ToolRequested, calls: tuple[ToolCall, ...], run: RunScope) -> tuple[Blame, str] | None:
        """Why a call must not even be looked at: who is to blame, and what to tell the model."""
        state = run.state
        cut = _CUT.get(state.stop or "")
        if cut is not None:
            return "model", cut
        if not event.arguments:
            for each in calls:
                if each.call_id == event.call_id and each.malformed is not None:
                    return "model", f"The arguments are no JSON object, so nothing was run: {each.malformed[:500]}"
        return self._spent(state)

    def _spent(self, state: RunState) -> tuple[Blame, str] | None:
        """Why there is no call left to make, and who said so."""
        limit = self._limits.tool_calls
        if limit is not None and state.tool_calls >= limit:
            return "caller", f"Not run: this run may make {limit} tool calls, and has made them."
        return None

    def _in_order(self, calls: tuple[ToolCall, ...]) -> bool:
        return any((tool := self._tools.get(each.name)) is not None and tool.sequential for each in calls)

    async def _run(self, tool: Tool, kwargs: dict[str, Any], event: ToolRequested, run: RunScope) -> ToolFinished:
        """Make a call that did not begin at once: meanwhile others may have made the last ones that are allowed."""
        async with nullcontext() if tool.resource is None else run.holding(tool.resource):
            spent = self._spent(run.state)
            if spent is not None:
                return failure(event.call_id, event.name, *spent)
            return await self._call(tool, kwargs, event, run)

    def _call(
        self, tool: Tool, kwargs: dict[str, Any], event: ToolRequested, run: RunScope
    ) -> Coroutine[Any, Any, ToolFinished]:
        started = run.append(_started(call_id=event.call_id, name=event.name), event.seq)
        context = context_for(event, run, started.seq) if tool.takes_context else None
        if tool.kind == "async":
            work = cast("Coroutine[Any, Any, object]", tool.call(kwargs, context, self._threads))
        else:
            work = _elsewhere(tool, kwargs, context, self._threads, event, run, started.seq)
        return call(tool, event, work, run, self._result_bytes)


def _elsewhere(
    tool: Tool,
    kwargs: dict[str, Any],
    context: ToolContext[Any] | None,
    threads: ThreadPool,
    event: ToolRequested,
    run: RunScope,
    started: int,
) -> Coroutine[Any, Any, object]:
    """A call in a thread, whose end may come after it was given up, or one that yields progress before its result."""

    def late(value: object) -> None:
        run.late(event.call_id, event.name, value, failed=isinstance(value, BaseException))

    def progress(item: object) -> None:
        run.tell(ToolProgress(call_id=event.call_id, name=event.name, message=str(item)), started)

    running = tool.call(kwargs, context, threads, late)
    if tool.kind == "generator":
        return last_of(cast("AsyncGenerator[object, None]", running), progress)
    return cast("Coroutine[Any, Any, object]", running)
