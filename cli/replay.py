"""``loopbus replay``: whether a recorded run would go the same way with the code of today."""

from typing import Annotated

import typer

from ..bus.event import Event
from ..runtime.replaying.replay import replay_events
from ..stores import EventLog
from .agents import AgentOption, ChosenAgent, InstructionsOption, ModelOption, ToolsOption, with_limits
from .options import MaxTurnsOption, RunArgument
from .output import write
from .recorded import read_run
from .stepping import pauses
from .stores import StoreOption, on_log


def replay(
    run: RunArgument,
    store: StoreOption = None,
    agent: AgentOption = None,
    model: ModelOption = None,
    tools: ToolsOption = None,
    instructions: InstructionsOption = None,
    max_turns: MaxTurnsOption = None,
    judged: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="A kind of event that had a policy, whose word is taken for what it did."),
    ] = None,
) -> None:
    """Execute a recorded run again, with all that came from outside taken from its log: nothing is asked or called.

    Exit codes: 0 it goes the same way, event by event; 1 it does not, and stderr shows the first difference.
    """
    wanted = ChosenAgent(agent, model, tools, instructions).make_known()
    limits = with_limits(wanted.limits, max_turns, None)
    kinds = [_judgeable(name) for name in judged or ()]

    async def execute(log: EventLog) -> str:
        events = await read_run(log, run)
        result = await replay_events(wanted, events, judged=kinds, limits=limits)
        end = ", as far as it has gone" if result is None else ""
        return f"run {events[0].run_id} goes the same way{end}: {len(events)} events\n"

    write(on_log(store, execute))


def _judgeable(name: str) -> type[Event]:
    named = {each.event_name: each for each in pauses()}
    if name not in named:
        raise typer.BadParameter(
            f"no policy is asked about {name!r}, but about: {', '.join(named)}", param_hint="--judged"
        )
    return named[name]
