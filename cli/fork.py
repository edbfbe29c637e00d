"""``loopbus fork``: begins a run with the first events of another one, and goes another way from there."""

from typing import Annotated

import typer

from ..runtime.run import Run
from ..runtime.runtime import Runtime
from .agents import AgentOption, ChosenAgent, InstructionsOption, ModelOption, ToolsOption
from .options import JsonOption, QuietOption, RunArgument, StepOption, StreamOption, VerboseOption, YesOption
from .run_ids import find_run
from .stores import StoreOption, existing, on_log
from .watching import Watching


def fork(
    run: RunArgument,
    at: Annotated[int, typer.Option(min=1, metavar="SEQ", help="The last event that both runs share.")],
    store: StoreOption = None,
    agent: AgentOption = None,
    model: ModelOption = None,
    tools: ToolsOption = None,
    instructions: InstructionsOption = None,
    message: Annotated[str | None, typer.Option(help="What to say to the model there.")] = None,
    results: Annotated[
        list[str] | None,
        typer.Option("--result", metavar="CALL=TEXT", help="The result of a call that has none at that event."),
    ] = None,
    session: Annotated[str | None, typer.Option(help="The conversation that the fork belongs to.")] = None,
    as_json: JsonOption = False,
    stream: StreamOption = False,
    step: StepOption = False,
    yes: YesOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Begin a new run with the first events of another one, and go another way from there.

    Give what is to be changed: the agent or its model, a message, results of calls. `loopbus log RUN` shows the numbers
    of events and the ids of calls. The first run stays as it is.

    Exit codes: as of `loopbus run`.
    """
    chosen = ChosenAgent(agent, model, tools, instructions)
    wanted = chosen.make_known()
    edited = read_results(results or [])
    url = existing(store)
    info = on_log(url, lambda log: find_run(log, run))

    async def begin(runtime: Runtime) -> Run:
        return await runtime.fork(
            info.run_id, at=at, agent=wanted, message=message, results=edited or None, session=session
        )

    Watching(
        as_json=as_json, stream=stream, yes=yes, quiet=quiet, verbose=verbose, step=step, options=chosen.as_typed()
    ).follow(wanted, begin, url, after=at)


def read_results(given: list[str]) -> dict[str, str]:
    """Results of tool calls by their ids, as a command line gives them."""
    results: dict[str, str] = {}
    for each in given:
        call, equals, text = each.partition("=")
        if not (call and equals):
            raise typer.BadParameter(f"{each!r} names no call: write CALL=TEXT, as in 3.0=sunny", param_hint="--result")
        results[call] = text
    return results
