"""The agent that a command line describes: one of the user's modules, or one put together from options."""

import os
from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from typing import Annotated, Any, NamedTuple

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


class ChosenAgent(NamedTuple):
    """The agent that the options of a command line describe."""

    reference: str | None = None
    model: str | None = None
    tools: Sequence[str] | None = None
    instructions: str | None = None

    def make(self) -> Agent:
        """The agent that ``reference`` names, or a new one; what else is given stands in place of what it has.

        :raises BadReference: one of them cannot be loaded, or is not what it should be.
        """
        changes: dict[str, Any] = {}
        if self.tools:
            changes["tools"] = load_tools(self.tools)
        if self.instructions is not None:
            changes["instructions"] = self.instructions
        if self.reference is None:
            return Agent(load_model(self.model or _usual_model()), **changes)
        if self.model:
            changes["model"] = load_model(self.model)
        return replace(load_agent(self.reference), **changes)

    def make_known(self) -> Agent:
        """The agent of a run that there is already: nothing about it is guessed.

        :raises BadReference: as ``make``.
        :raises BadParameter: neither an agent nor a model is named.
        """
        if self.reference is None and self.model is None:
            raise typer.BadParameter(
                "which agent? Give --agent module:name; or --model and all else that the run was started with",
                param_hint="--agent",
            )
        return self.make()

    def as_typed(self) -> str:
        """The options that name such an agent once more, as a shell reads them."""
        model = _usual_model() if self.reference is None and self.model is None else self.model
        given = [("--agent", self.reference), ("--model", model), *(("--tools", each) for each in self.tools or ())]
        given.append(("--instructions", self.instructions))
        return " ".join(f"{option} {quote(redact(value))}" for option, value in given if value is not None)


def with_limits(limits: Limits, turns: int | None, seconds: float | None) -> Limits:
    """An agent's limits with what was said in place of them."""
    given = {"turns": turns, "seconds": seconds}
    return replace(limits, **{name: value for name, value in given.items() if value is not None})


def _usual_model() -> str:
    return os.environ.get("LOOPBUS_MODEL") or "local"
