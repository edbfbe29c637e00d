"""The command and its subcommands."""

from importlib.metadata import version
from typing import Annotated

import typer

from .check import check
from .events import events
from .models import models
from .run import run
from .tools import tools

app = typer.Typer(
    help="Run agents on an event bus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, tools, events, models, check):
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("loopbus"))
        raise typer.Exit


@app.callback()
def loopbus(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Run agents on an event bus."""
