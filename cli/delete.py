"""``loopbus delete``: deletes a run or a session for good."""

from typing import Annotated

import typer

from ..handlers.observers.terminal.progress import shown
from ..stores import EventLog
from .errors import NobodyToAsk
from .keyboard import Keyboard, is_yes
from .output import write
from .run_ids import find_run
from .stores import StoreOption, on_log

SAID_NO = 1


def delete(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="A run's id, or as much of it as tells it apart.")
    ] = None,
    store: StoreOption = None,
    session: Annotated[str | None, typer.Option(help="Every run of this session.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a run, or all runs of a session, for good: events and artifacts. A process that writes it is refused.

    Exit codes: 0 deleted, 1 you said no, 2 wrong usage or nothing to delete.
    """
    if (run is None) == (session is None):
        raise typer.BadParameter("give either a run or --session", param_hint="RUN")

    async def remove(log: EventLog) -> bool:
        if run is not None:
            return await _delete_run(log, run, yes)
        return await _delete_session(log, session or "", yes)

    if not on_log(store, remove):
        raise typer.Exit(SAID_NO)


async def _delete_run(log: EventLog, given: str, yes: bool) -> bool:
    info = await find_run(log, given)
    state = info.status or "unfinished"
    if not (yes or await _agreed(f"Delete run {info.run_id} of {info.agent!r} ({info.seq} events, {state}) for good?")):
        return False
    await log.delete(info.run_id)
    write(f"deleted run {info.run_id}\n")
    return True


async def _delete_session(log: EventLog, name: str, yes: bool) -> bool:
    known = {each.name: each for each in await log.sessions()}
    if name not in known:
        raise typer.BadParameter(f"no session is called {name!r}; loopbus sessions lists them", param_hint="--session")
    count = known[name].runs
    if not (yes or await _agreed(f"Delete session {name!r} with {count} runs for good?")):
        return False
    deleted = await log.delete_session(name)
    write(f"deleted {deleted} runs of session {shown(name)}\n")
    return True


async def _agreed(question: str) -> bool:
    """Put a question to whoever is at the terminal; anything but yes is no.

    :raises NobodyToAsk: nobody is.
    """
    keyboard = Keyboard()
    if not keyboard.is_attended:
        raise NobodyToAsk("nobody is at the terminal to be asked; --yes deletes without a question")
    return is_yes(await keyboard.ask(f"{shown(question)} [y/N] "))
