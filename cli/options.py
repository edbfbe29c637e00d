"""Options that several commands share."""

from typing import Annotated

import typer

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or as much of it as tells it apart.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
StreamOption = Annotated[
    bool, typer.Option("--stream", help="Print what the model says as it says it; with --json, every event.")
]
StepOption = Annotated[
    bool, typer.Option("--step", help="Pause before each stage, to look, edit or abort; h at a pause is help.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Approve every tool call that asks for approval.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing on stderr but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show the log too, with tracebacks.")]
MaxTurnsOption = Annotated[
    int | None, typer.Option(min=1, help="The limit that the run had.", show_default="the agent's")
]
