"""``loopbus cancel``: ends a run for good that waits or was broken off."""

from typing import Annotated

import typer

from ..runtime.runtime import Runtime
from .decide import user_name
from .interrupts import Interrupts
from .options import RunArgument
from .output import complain
from .run_ids import find_run
from .stores import StoreOption, existing


def cancel(
    run: RunArgument,
    store: StoreOption = None,
    reason: Annotated[str, typer.Option(help="Why; the log keeps it.")] = "cancelled",
    author: Annotated[str | None, typer.Option(help="Who cancels.", show_default="your user name")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also if another process drives it just now.")] = False,
) -> None:
    """End a run for good that waits for a person, or whose process died; its calls that are open get a result.

    With --force also while another process drives it; nobody knows then what becomes of calls that run there.

    Exit codes: 0 it is over, also if it was before; 1 another process drives it just now; 2 there is no such run.
    """
    url = existing(store)

    async def stop() -> str:
        async with Runtime(store=url) as runtime:
            info = await find_run(runtime.store, run)
            found = await runtime.get(info.run_id)
            await found.cancel(reason, author=author or user_name(), force=force)
            return f"run {found.id} is over: {found.status}"

    complain(Interrupts().run(stop()))
