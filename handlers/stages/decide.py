"""Does what a person has decided about a tool call."""

from collections.abc import Awaitable, Callable

from ...bus.event import Event
from ...events.human import ApprovalDecided
from ...events.tool import ToolFinished, ToolRequested
from ..scope import RunScope

CallTool = Callable[[ToolRequested, RunScope], Awaitable[Event | None]]


class Decide:
    """Runs the call that was approved, with the person's arguments if they gave any, or answers for a rejected one.

    Hears ApprovalDecided; causes what the approved call causes, or ToolFinished.
    """

    def __init__(self, call_tool: CallTool) -> None:
        self._call_tool = call_tool

    async def __call__(self, event: ApprovalDecided, run: RunScope) -> Event | None:
        request = run.event(run.event(event.cause).cause)
        assert isinstance(request, ToolRequested), f"event {request.seq} asked for approval"
        if event.approve:
            if event.arguments is not None:
                request = request.model_copy(update={"arguments": event.arguments})
            return await self._call_tool(request, run)
        words = f"Not approved: {event.reason}" if event.reason else "Not approved."
        return ToolFinished(call_id=event.call_id, name=request.name, outcome="denied", blame="policy", output=words)
