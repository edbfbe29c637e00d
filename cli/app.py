"""The command and its subcommands."""

from importlib.metadata import version
from typing import Annotated

import typer

from .cancel import cancel
from .check import check
from .decide import decide
from .default_command import DefaultCommand
from .delete import delete
from .difference import diff
from .events import events
from .fork import fork
from .log import show
from .models import models
from .promote import promote
from .replay import replay
from .resume import resume
from .run import run
from .runs import runs, sessions
from .tools import tools
from .transfer import export, import_
from .verify import verify

_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    help="Run agents on an event bus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)
for command in (run, resume, decide, cancel, fork, runs, sessions, replay, delete, tools, events, models, check):
    app.command()(command)

log = typer.Typer(
    cls=DefaultCommand,
    help="Show a run's events: loopbus log RUN; or do something with its log.",
    no_args_is_help=True,
    context_settings=_SETTINGS,
)
for command in (show, verify, diff, promote, export):
    log.command()(command)
log.command("import")(import_)
app.add_typer(log, name="log")


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
