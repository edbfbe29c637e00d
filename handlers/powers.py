"""What a tool may do to its run while it runs."""

from typing import Any

from ..bus.event import Event
from ..events.custom import Custom
from ..events.tool import ToolProgress, ToolRequested
from ..tools.context import ToolContext
from .errors import NotCustom
from .scope import RunScope


def context_for(request: ToolRequested, run: RunScope, started: int) -> ToolContext[Any]:
    """The context of one call; ``started`` is the ``seq`` of its ``ToolStarted``."""

    def progress(message: str, fraction: float | None) -> None:
        run.tell(ToolProgress(call_id=request.call_id, name=request.name, message=message, fraction=fraction), started)

    async def emit(custom: Event) -> None:
        run.append(_own(custom), started)

    def emit_nowait(custom: Event) -> None:
        run.append_nowait(_own(custom), started)

    return ToolContext(
        run.state.run_id, request.call_id, run.deps, emit=emit, emit_nowait=emit_nowait, progress=progress
    )


def _own(event: Event) -> Custom:
    """The event, if it is an application's own: with any other a tool could claim what did not happen.

    :raises NotCustom: it is not.
    """
    if not isinstance(event, Custom):
        raise NotCustom(
            f"a tool may emit events of its own, which are subclasses of Custom, and no {type(event).__name__}"
        )
    return event
