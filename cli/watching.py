"""From the options of ``run``, ``resume`` and ``fork`` to what is shown of a run, and to the exit code."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from ..bus.event import Event
from ..bus.redaction import redact
from ..events.tool import ToolFinished, ToolRequested
from ..handlers.observers.terminal import TerminalView
from ..runtime.agent import Agent
from ..runtime.run import Run
from ..runtime.runtime import Runtime
from .approvals import Approvals
from .following import Begin, Following
from .interrupts import Interrupts
from .keyboard import Keyboard
from .output import complain
from .reports import REPORTS
from .stepping import Stepping
from .suspended import ANY_AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How a run is to be watched."""

    as_json: bool
    stream: bool
    yes: bool
    quiet: bool
    verbose: bool
    step: bool = False
    options: str = ANY_AGENT
    """The agent as it was named on the command line."""

    def follow(self, agent: Agent, begin: Begin, store: str | None = None, *, after: int = 0) -> None:
        """Follow the run that ``begin`` gives to its end; what happened up to the event ``after`` is not told.

        :raises Exit: always, with the exit code.
        """
        show_log(self.verbose)
        keyboard, interrupts = Keyboard(), Interrupts()
        stepping = Stepping(keyboard) if self.step else None
        # Pieces on stdout and a view that moves would write over each other on one terminal.
        style = "plain" if self.stream else "auto"
        view = stepping or (None if self.quiet else TerminalView(sys.stderr, style=style, answers=False))
        approvals = Approvals(yes=self.yes, keyboard=keyboard, can_wait=store is not None)

        async def join_and_begin(runtime: Runtime) -> Run:
            if stepping is not None:
                stepping.join(runtime)
            run = await begin(runtime)
            if store is not None and not self.quiet:
                complain(f"run {run.id}, kept in {redact(store)}")
            if isinstance(view, TerminalView):
                for call in open_calls(run.log[:after]):
                    view(call)
            return run

        following = Following(REPORTS[self.as_json, self.stream](), view, approvals, interrupts, store, self.options)
        raise typer.Exit(interrupts.run(following.run(agent, join_and_begin, after=after)))


def open_calls(events: Sequence[Event]) -> list[ToolRequested]:
    """The calls that have no result yet."""
    calls = {event.call_id: event for event in events if isinstance(event, ToolRequested)}
    for event in events:
        if isinstance(event, ToolFinished):
            calls.pop(event.call_id, None)
    return list(calls.values())


def show_log(wanted: bool) -> None:
    """Send what is logged to stderr, or nowhere: what matters of it is in the result."""
    if wanted:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    else:
        logging.getLogger("loopbus").addHandler(logging.NullHandler())
