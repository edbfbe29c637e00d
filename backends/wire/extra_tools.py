"""Tools in ``extra_body``, beside those of the request."""

from collections.abc import Iterable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Joined(NamedTuple):
    """``ours`` with what was added to them, and the ``others``, which the provider runs itself."""

    ours: list[Json]
    others: list[Any]


def join_tools(ours: Iterable[Json], more: Iterable[Any]) -> Joined:
    """A tool in ``more`` that has the name of one of ``ours`` adds its fields to that one."""
    named: dict[Any, Json] = {tool["name"]: tool for tool in ours}
    others: list[Any] = []
    for tool in more:
        match tool:
            case {"name": str(name), **fields} if name in named:
                named[name] = {**named[name], **fields}
            case _:
                others.append(tool)
    return Joined([*named.values()], others)
