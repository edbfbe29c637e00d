"""The agent that a command line describes: one of the user's modules, or one put together from options."""

import os
from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from typing import Annotated, Any

import typer

from ..bus.redaction import redact
from ..handlers.limits import Limits
from ..runtime.agent import Agent
from .references import load_agent, load_model, load_tools

AgentOption = Annotated[
    str | None, typer.Option("--agent", "-a", metavar="MODULE:NAME", help="An Agent of your own.", show_default="none")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="A model, or module:name of a Backend object of your own.",
        show_default="the agent's, $LOOPBUS_MODEL, or local",
    ),
]
ToolsOption = Annotated[
    list[str] | None,
    typer.Option("--tools", "-t", metavar="MODULE:NAME,...", help="Functions, or lists of them, that it may call."),
]
InstructionsOption = Annotated[
    str | None, typer.Option("--instructions", "-i", help="What the model is told before all.")
]


def make_agent(
    reference: str | None,
    model: str | None = None,
    tools: Sequence[str] | None = None,
    instructions: str | None = None,
) -> Agent:
    """The agent that ``reference`` names, or a new one; what else is given stands in place of what it has.

    :raises BadReference: one of them cannot be loaded, or is not what it should be.
    """
    changes: dict[str, Any] = {}
    if tools:
        changes["tools"] = load_tools(tools)
    if instructions is not None:
        changes["instructions"] = instructions
    if reference is None:
        return Agent(load_model(model or os.environ.get("LOOPBUS_MODEL") or "local"), **changes)
    if model:
        changes["model"] = load_model(model)
    return replace(load_agent(reference), **changes)


def make_known_agent(
    reference: str | None, model: str | None, tools: Sequence[str] | None, instructions: str | None
) -> Agent:
    """The agent of a run that there is already: nothing about it is guessed.

    :raises BadReference: as ``make_agent``.
    """
    if reference is None and model is None:
        raise typer.BadParameter(
            "which agent? Give --agent module:name; or --model and all else that the run was started with",
            param_hint="--agent",
        )
    return make_agent(reference, model, tools, instructions)


def as_typed(reference: str | None, model: str | None, tools: Sequence[str] | None, instructions: str | None) -> str:
    """The options that name such an agent once more."""
    if reference is None and model is None:
        model = os.environ.get("LOOPBUS_MODEL") or "local"
    given = [("--agent", reference), ("--model", model), *(("--tools", each) for each in tools or ())]
    given.append(("--instructions", instructions))
    return " ".join(f"{option} {quote(redact(value))}" for option, value in given if value is not None)


def with_limits(limits: Limits, turns: int | None, seconds: float | None) -> Limits:
    """An agent's limits with what was said in place of them."""
    given = {"turns": turns, "seconds": seconds}
    return replace(limits, **{name: value for name, value in given.items() if value is not None})
