"""What a tool may do to its run while it runs."""

from typing import Any

from ..bus.event import Event
from ..events.tool import ToolProgress, ToolRequested
from ..tools.context import ToolContext
from .scope import RunScope


def context_for(request: ToolRequested, run: RunScope, started: int) -> ToolContext[Any]:
    """The context of one call; ``started`` is the ``seq`` of its ``ToolStarted``."""

    def progress(message: str, fraction: float | None) -> None:
        run.tell(ToolProgress(call_id=request.call_id, name=request.name, message=message, fraction=fraction), started)

    async def emit(custom: Event) -> None:
        run.append(custom, started)

    def emit_nowait(custom: Event) -> None:
        run.append_nowait(custom, started)

    return ToolContext(
        run.state.run_id, request.call_id, run.deps, emit=emit, emit_nowait=emit_nowait, progress=progress
    )
