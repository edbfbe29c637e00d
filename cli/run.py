"""``loopbus run``: one run of an agent, from a prompt to an exit code."""

import logging
import sys
from typing import Annotated

import typer

from ..handlers.limits import Limits
from ..handlers.observers.terminal import TerminalView
from ..runtime.agent import Agent
from .approvals import Approvals
from .following import Following
from .interrupts import Interrupts
from .references import load_model, load_tools
from .reports import REPORTS


def run(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="What to say to the model; - or nothing at all reads it from stdin."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", envvar="LOOPBUS_MODEL", help="A model, or module:name of a Backend object of your own."
        ),
    ] = "local",
    tools: Annotated[
        list[str] | None,
        typer.Option("--tools", "-t", metavar="MODULE:NAME,...", help="Functions, or lists of them, that it may call."),
    ] = None,
    instructions: Annotated[str, typer.Option("--instructions", "-i", help="What the model is told before all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print what the model says as it says it; with --json, every event.")
    ] = False,
    max_turns: Annotated[int, typer.Option(min=1, help="Stop after so many model calls.")] = 50,
    timeout: Annotated[float | None, typer.Option(min=0.001, metavar="SECONDS", help="Stop after this time.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve every tool call that asks for approval.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing on stderr but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log too, with tracebacks.")] = False,
) -> None:
    """Run an agent. The answer goes to stdout, everything else to stderr.

    Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 a limit was reached, 130 interrupted.
    """
    show_log(verbose)
    said = read_prompt(prompt)
    limits = Limits(turns=max_turns, seconds=timeout)
    agent = Agent(load_model(model), instructions, load_tools(tools or ()), limits=limits)
    # Pieces on stdout and a view that moves would write over each other on one terminal.
    style = "plain" if stream else "auto"
    view = None if quiet else TerminalView(sys.stderr, style=style, answers=False)
    interrupts = Interrupts()
    following = Following(REPORTS[as_json, stream](), view, Approvals(yes=yes), interrupts)
    raise typer.Exit(interrupts.run(following.run(agent, said)))


def show_log(wanted: bool) -> None:
    """Send what is logged to stderr, or nowhere: what matters of it is in the result."""
    if wanted:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    else:
        logging.getLogger("loopbus").addHandler(logging.NullHandler())


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
