"""Does what was decided about a tool call."""

from collections.abc import Awaitable, Callable
from typing import cast

from ...bus.event import Event
from ...bus.interception import Instead, Veto
from ...events.frozen import JsonObject
from ...events.human import ApprovalDecided, ApprovalRequested, same_arguments
from ...events.tool import ToolFinished, ToolRequested
from ..scope import RunScope

CallTool = Callable[[ToolRequested, RunScope], Awaitable[Event | None]]


class Decide:
    """Has the call run that was approved, or answers for a rejected one.

    Hears ApprovalDecided; causes what the approved call causes, or ToolFinished. What runs is what the person was
    shown, or what they made of it. An edited call is put to the policies first, which have not seen it: what they
    refuse is refused to people too, and what they change is shown to a person again. Their questions are answered.
    """

    def __init__(self, call_tool: CallTool) -> None:
        self._call_tool = call_tool

    async def __call__(self, event: ApprovalDecided, run: RunScope) -> Event | None:
        question = run.event(event.cause)
        assert isinstance(question, ApprovalRequested), f"event {event.cause} asked for approval"
        if not event.approve:
            words = f"Not approved: {event.reason}" if event.reason else "Not approved."
            return ToolFinished(
                call_id=event.call_id, name=question.name, outcome="denied", blame="policy", output=words
            )
        request = _request(question, run)
        if event.arguments is None or same_arguments(event.arguments, question.arguments):
            return await self._call_tool(_with(request, question.arguments), run)
        return await self._run_edited(_with(request, event.arguments), run)

    async def _run_edited(self, request: ToolRequested, run: RunScope) -> Event | None:
        judged, verdict = await run.judge(request)
        if isinstance(verdict, Instead):
            return verdict.event
        if isinstance(verdict, Veto):
            return request.vetoed(verdict.reason)
        return await self._call_tool(cast("ToolRequested", judged), run)


def _request(event: Event, run: RunScope) -> ToolRequested:
    """The wish that a question is about; where a person was asked again, there is a decision on the way to it."""
    while not isinstance(event, ToolRequested):
        event = run.event(event.cause)
    return event


def _with(request: ToolRequested, arguments: JsonObject) -> ToolRequested:
    """The same wish, with other arguments; the log keeps what the model wanted."""
    return request.model_copy(update={"arguments": arguments})
