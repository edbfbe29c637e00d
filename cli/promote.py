"""``loopbus log promote``: makes a regression test of a recorded run."""

from pathlib import Path
from typing import Annotated

import typer

from ..bus.event import Event
from ..runtime.replaying import promote as promoting
from ..stores import EventLog
from .agents import ChosenAgent, with_limits
from .options import MaxTurnsOption, RunArgument
from .output import write
from .recorded import read_run
from .stores import StoreOption, on_log


def promote(
    run: RunArgument,
    agent: Annotated[str, typer.Option("--agent", "-a", metavar="MODULE:NAME", help="The agent that the run had.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where your tests are.", file_okay=False)] = Path("tests"),
    store: StoreOption = None,
    max_turns: MaxTurnsOption = None,
) -> None:
    """Write a pytest test that replays a finished run, and its recording: it fails when the agent goes another way.

    The run is replayed first, so the test is green when it is written. Files that are there already are replaced.

    Exit codes: 0 written, 1 the agent goes another way already; stderr shows the first difference.
    """
    wanted = ChosenAgent(agent).make()
    limits = with_limits(wanted.limits, max_turns, None)

    async def write_test(log: EventLog) -> promoting.Promoted:
        events: list[Event] = await read_run(log, run)
        return await promoting.promote(wanted, agent, events, to, limits=limits)

    for file in on_log(store, write_test):
        write(f"{file}\n")
