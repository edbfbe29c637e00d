"""``loopbus log verify``: whether a run is what was written."""

from contextlib import aclosing
from typing import Annotated

import typer

from ..stores import EventLog, StoreDamaged
from .output import complain, write
from .run_ids import every_run, find_run
from .stores import StoreOption, on_log

DAMAGED = 1


def verify(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="A run's id, or as much of it as tells it apart.")
    ] = None,
    store: StoreOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every run of the log.")] = False,
) -> None:
    """Prove that no event of a run was changed, moved, put in or taken out since it was written.

    For each whole run a line: its id, how many events it has, and the digest that stands for all of them. Keep that
    elsewhere, and you can tell later that nobody has written the whole run anew.

    Exit codes: 0 all are whole, 1 one is not; stderr names its first broken event.
    """
    if every == (run is not None):
        raise typer.BadParameter("give either a run or --all", param_hint="RUN")

    async def prove(log: EventLog) -> int:
        if run is not None:
            return await _prove(log, (await find_run(log, run)).run_id)
        code = 0
        async with aclosing(every_run(log)) as infos:
            async for info in infos:
                code = await _prove(log, info.run_id) or code
        return code

    raise typer.Exit(on_log(store, prove))


async def _prove(log: EventLog, run_id: str) -> int:
    try:
        proof = await log.verify(run_id)
    except StoreDamaged as damage:
        complain(str(damage))
        return DAMAGED
    write(f"{proof.run_id}  {proof.events}  {proof.digest}\n")
    return 0
