"""``loopbus run``: one run of an agent, from a prompt to an exit code."""

import sys
from typing import Annotated

import typer

from ..runtime.run import Run
from ..runtime.runtime import Runtime
from .agents import AgentOption, ChosenAgent, InstructionsOption, ModelOption, ToolsOption, with_limits
from .options import JsonOption, QuietOption, StepOption, StreamOption, VerboseOption, YesOption
from .stores import StoreOption
from .watching import Watching


def run(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="What to say to the model; - or nothing at all reads it from stdin."),
    ] = None,
    agent: AgentOption = None,
    model: ModelOption = None,
    tools: ToolsOption = None,
    instructions: InstructionsOption = None,
    store: StoreOption = None,
    session: Annotated[
        str | None, typer.Option(help="Continue the conversation of this name, which the store keeps.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Run this only once: the run of this key is followed, if there is one.")
    ] = None,
    as_json: JsonOption = False,
    stream: StreamOption = False,
    max_turns: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many model calls.", show_default="50, or the agent's")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, metavar="SECONDS", help="Stop after this time.")] = None,
    step: StepOption = False,
    yes: YesOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run an agent. The answer goes to stdout, everything else to stderr.

    With --store the run is kept: it can be resumed, replayed and forked, and a call that needs approval may wait for
    days.

    Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 a limit was reached, 4 it waits for a person, 130 interrupted
    or aborted.
    """
    if step and prompt in (None, "-"):
        raise typer.BadParameter("--step reads its commands from stdin: give the prompt as an argument")
    for option, given in {"--session": session, "--key": key}.items():
        if given is not None and not store:
            raise typer.BadParameter(f"{option} is of no use without --store: nothing is kept", param_hint=option)
    said = read_prompt(prompt)
    chosen = ChosenAgent(agent, model, tools, instructions)
    wanted = chosen.make()
    limits = with_limits(wanted.limits, max_turns, timeout)

    async def begin(runtime: Runtime) -> Run:
        return await runtime.start(wanted, said, session=session, key=key, limits=limits)

    Watching(
        as_json=as_json, stream=stream, yes=yes, quiet=quiet, verbose=verbose, step=step, options=chosen.as_typed()
    ).follow(wanted, begin, store)


def read_prompt(argument: str | None) -> str:
    """The prompt: the argument, or what is on stdin if that is ``-`` or missing."""
    if argument is not None and argument != "-":
        # A shell may pass bytes that are no text; Python hands them over as lone surrogates.
        said = argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    elif argument == "-" or not sys.stdin.isatty():
        said = sys.stdin.buffer.read().decode("utf-8-sig", "replace").strip()
    else:
        said = ""
    if not said.strip():
        raise typer.BadParameter("say something: give it as an argument, or on stdin", param_hint="PROMPT")
    return said
