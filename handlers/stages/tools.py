"""Has tools called."""

from collections.abc import AsyncGenerator, Coroutine
from contextlib import nullcontext
from typing import Any, cast

from ...bus.event import Event, unchecked
from ...bus.interception import Ask
from ...events.content import ToolCall
from ...events.state import RunState
from ...events.tool import Blame, ToolFinished, ToolProgress, ToolRequested, ToolStarted, failure
from ...tools.context import ToolContext
from ...tools.errors import InvalidArguments, UnknownTool
from ...tools.invoke import last_of
from ...tools.threads import ThreadPool
from ...tools.tool import Tool
from ...tools.toolset import Toolset
from ..calling import call
from ..consent import asked, still_to_ask
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
_INTERRUPTED = (
    "The process was interrupted while this call was running; its effect may or may not have happened. "
    "It was not made again."
)
_UNFIT = "Not run: what a person has approved does not fit the tool as it is now."


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
        if event.call_id in state.started and not self._may_repeat(event.name):
            return _interrupted(event)
        ready = self._ready(event, run)
        if isinstance(ready, ToolFinished):
            return ready
        tool, kwargs = ready
        approved = state.approved
        if tool.needs_approval or approved:
            question = still_to_ask(event, tool, kwargs, approved.get(event.call_id))
            if question is not None:
                return question
        calls = state.transcript.calls
        if len(calls) == 1:
            return await (self._call if tool.resource is None else self._run)(tool, kwargs, event, run)
        if self._in_order(calls):
            return await self._run(tool, kwargs, event, run)
        run.answer_later(self._run(tool, kwargs, event, run), f"tool {tool.name}", event.seq)
        return None

    def ask(self, event: ToolRequested, question: Ask, run: RunScope) -> Event:
        """What comes of a call that a policy puts to a person: the question, or the failure of one that cannot run."""
        ready = self._ready(event, run)
        return ready if isinstance(ready, ToolFinished) else asked(event, question, ready[0].schema_hash)

    def _ready(self, event: ToolRequested, run: RunScope) -> ToolFinished | tuple[Tool, dict[str, Any]]:
        """The tool of a call and its checked arguments, or why nothing can be run."""
        state = run.state
        if state.stop in _CUT or not event.arguments or self._limits.tool_calls is not None:
            refused = self._refused(event, state.transcript.calls, run)
            if refused is not None:
                return failure(event.call_id, event.name, *refused)
        try:
            tool = self._tools[event.name]
            return tool, tool.validate(event.arguments)
        except (UnknownTool, InvalidArguments) as error:
            if event.call_id in state.approved:
                # The model's arguments were right when a person was asked: it was edited, or the code has changed.
                return failure(event.call_id, event.name, "caller", f"{_UNFIT} {error}")
            return failure(event.call_id, event.name, "model", str(error))

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
        return None if event.call_id in state.started else self._spent(state)

    def _spent(self, state: RunState) -> tuple[Blame, str] | None:
        """Why there is no call left to make, and who said so."""
        limit = self._limits.tool_calls
        if limit is not None and state.tool_calls >= limit:
            return "caller", f"Not run: this run may make {limit} tool calls, and has made them."
        return None

    def _may_repeat(self, name: str) -> bool:
        """Whether a call that was started before a crash may be made once more, with the same idempotency key."""
        tool = self._tools.get(name)
        return tool is not None and tool.delivery == "idempotent"

    def _in_order(self, calls: tuple[ToolCall, ...]) -> bool:
        return any((tool := self._tools.get(each.name)) is not None and tool.sequential for each in calls)

    async def _run(self, tool: Tool, kwargs: dict[str, Any], event: ToolRequested, run: RunScope) -> ToolFinished:
        """Make a call that did not begin at once: meanwhile others may have made the last ones that are allowed."""
        async with nullcontext() if tool.resource is None else run.holding(tool.resource):
            spent = self._spent(run.state) if event.call_id not in run.state.started else None
            if spent is not None:
                return failure(event.call_id, event.name, *spent)
            return await self._call(tool, kwargs, event, run)

    def _call(
        self, tool: Tool, kwargs: dict[str, Any], event: ToolRequested, run: RunScope
    ) -> Coroutine[Any, Any, ToolFinished]:
        if event.call_id in run.state.started:
            # It was interrupted by a crash, and stays the one call that it is in the log.
            since = event.seq
        else:
            since = run.append(_started(call_id=event.call_id, name=event.name), event.seq).seq
        context = context_for(event, run, since) if tool.takes_context else None
        if tool.kind == "async":
            work = cast("Coroutine[Any, Any, object]", tool.call(kwargs, context, self._threads))
        else:
            work = _elsewhere(tool, kwargs, context, self._threads, event, run, since)
        return call(tool, event, work, run, self._result_bytes)


def _interrupted(event: ToolRequested) -> ToolFinished:
    """The result of a call that was running when its process died."""
    return ToolFinished(call_id=event.call_id, name=event.name, outcome="unknown", blame="caller", output=_INTERRUPTED)


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
