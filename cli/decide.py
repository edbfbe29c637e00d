"""``loopbus decide``: a person's say about a tool call that waits, from any process."""

import json
from collections.abc import Sequence
from getpass import getuser
from typing import Annotated, Any, cast

import typer

from ..handlers.printable import printable
from ..runtime.approvals import check_fits
from ..runtime.runtime import Runtime
from ..tools.toolset import Toolset
from .agents import AgentOption, ToolsOption
from .interrupts import Interrupts
from .options import RunArgument
from .output import complain
from .references import load_agent, load_tools
from .run_ids import find_run
from .stores import StoreOption, existing
from .suspended import resume_command


def decide(
    run: RunArgument,
    call: Annotated[str, typer.Argument(metavar="CALL", help="The id of the call, as loopbus log shows it.")],
    approve: Annotated[
        bool | None, typer.Option("--approve/--reject", help="Whether it may run.", show_default=False)
    ] = None,
    store: StoreOption = None,
    reason: Annotated[str, typer.Option(help="Why; the model is told why a call was rejected.")] = "",
    arguments: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments to put in place of the model's.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who decides.", show_default="your user name")] = None,
    agent: AgentOption = None,
    tools: ToolsOption = None,
) -> None:
    """Approve or reject a tool call that waits for a person. The run goes on when it is resumed.

    With --agent or --tools, --arguments that do not fit the tool are refused, and the call waits on; else the model is
    told about them later.

    Exit codes: 0 decided, 2 no such call waits: it was decided, it never asked, or the run is over; or wrong arguments.
    """
    if approve is None:
        raise typer.BadParameter("may it run? Say so", param_hint="--approve or --reject")
    given = None if arguments is None else read_arguments(arguments)
    known = known_tools(agent, tools)
    url = existing(store)

    async def tell() -> str:
        async with Runtime(store=url) as runtime:
            run_id = (await find_run(runtime.store, run)).run_id
            waits = (await runtime.get(run_id)).state.waiting.get(call)
            if approve and waits is not None and given is not None:
                check_fits(known, waits.name, given)
            await runtime.decide(
                run_id, call, approve=approve, author=author or user_name(), reason=reason, arguments=given
            )
            return run_id

    run_id = Interrupts().run(tell())
    word = "approved" if approve else "rejected"
    complain(f"{word} call {call} of run {run_id}; it goes on with:\n  {resume_command(run_id, url)}")


def known_tools(agent: str | None, tools: Sequence[str] | None) -> Toolset:
    """The tools that the command line names.

    :raises BadReference: one of them cannot be loaded.
    """
    return Toolset([*(load_agent(agent).tools if agent else ()), *(load_tools(tools) if tools else ())])


def read_arguments(text: str) -> dict[str, Any]:
    """Arguments of a call as a person writes them."""
    try:
        arguments: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"that is no JSON: {printable(str(error))}", param_hint="--arguments") from error
    if not isinstance(arguments, dict):
        raise typer.BadParameter('give a JSON object, such as {"usd": 20}', param_hint="--arguments")
    return cast("dict[str, Any]", arguments)


def user_name() -> str:
    """Who is at the keyboard, if the system knows."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "user"
