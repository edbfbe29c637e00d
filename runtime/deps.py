"""What a run's tools are handed that its log does not have: made where nobody gave it, refused where it is missing."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from ..bus.words import describe
from .errors import NoDeps
from .run import Run
from .spec import AgentSpec

DepsFor = Callable[[Run[Any]], Any]
"""The deps of a run that is taken up, or an awaitable of them: a plain or an async function."""


def check_deps(agent: AgentSpec[Any], deps: Any) -> None:
    """Refuse to drive an agent whose tools say that they need deps without any.

    :raises NoDeps: none were given; names the tool and the type.
    """
    if deps is not None:
        return
    for tool in agent.toolset:
        if tool.signature.deps:
            raise NoDeps(
                f"tool {tool.name!r} of agent {agent.name!r} needs deps, a {tool.signature.deps}, and none were given: "
                "use deps=... of start(), resume(), recover() or decide(), or Runtime(deps_for=...) for runs taken up"
            )


async def deps_of(run: Run[Any], agent: AgentSpec[Any], deps: Any, deps_for: DepsFor | None) -> Any:
    """The ``deps`` that were given for a run that is taken up; else those that are made for it.

    :raises NoDeps: there are none, and its tools need some; or they could not be made.
    """
    if deps is None and deps_for is not None:
        try:
            deps = deps_for(run)
            if isawaitable(deps):
                deps = await deps
        except Exception as error:
            raise NoDeps(f"the deps of run {run.id} could not be made: {describe(error)}") from error
    check_deps(agent, deps)
    return deps
