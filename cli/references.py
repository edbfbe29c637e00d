"""Finds what a command line names as ``module:name``."""

import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from typing import Any, cast

from ..backends.contract import Backend
from ..backends.known import FACTORIES, PROVIDERS
from ..runtime.agent import Agent
from ..tools.decorator import as_tool
from ..tools.tool import Tool
from ..tools.toolset import Toolset
from .errors import BadReference


def load(reference: str) -> Any:
    """What ``module:name`` names; modules in the working directory are found too. ``name`` may have dots.

    :raises BadReference: it is not written so, the module cannot be imported, or it has no such name.
    """
    module_name, _, path = reference.partition(":")
    if not module_name or not path:
        raise BadReference(f"{reference!r} names nothing: write module:name, such as shop.tools:refund")
    _look_in_working_directory()
    try:
        found: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
        raise BadReference(f"cannot import {module_name!r} of {reference!r}: {why}") from error
    for name in path.split("."):
        if not hasattr(found, name):
            near = difflib.get_close_matches(name, dir(found), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise BadReference(f"there is no {name!r} in {module_name!r}, which {reference!r} names{hint}")
        found = getattr(found, name)
    return found


def load_tools(references: Iterable[str]) -> list[Tool[..., Any]]:
    """The tools behind references, each one or several with commas between: functions, tools, or lists of them.

    :raises BadReference: a reference cannot be loaded, or names what is no tool.
    :raises BadTool: a function cannot be a tool.
    """
    tools: list[Tool[..., Any]] = []
    for reference in (each.strip() for several in references for each in several.split(",")):
        found = load(reference)
        named = cast("Iterable[Any]", found if isinstance(found, list | tuple | Toolset) else (found,))
        for each in named:
            if not callable(each):
                kind = type(each).__name__
                raise BadReference(f"{reference!r} is {kind}, no tool: name a function, or a list of functions")
            tools.append(as_tool(each))
    return tools


def load_agent(reference: str) -> Agent:
    """The ``Agent`` that ``module:name`` names.

    :raises BadReference: it cannot be loaded, or is no agent.
    """
    found = load(reference)
    if not isinstance(found, Agent):
        raise BadReference(f"{reference!r} is {type(found).__name__}, no Agent: name one, such as shop:clerk")
    return cast("Agent", found)


def load_model(name: str) -> str | Backend:
    """The model of that name; or the ``Backend`` object, if it is the ``module:name`` of one.

    :raises BadReference: there is such a module, but no backend of that name in it.
    """
    module_name, colon, _ = name.partition(":")
    is_known = module_name in PROVIDERS or module_name in FACTORIES or "://" in name
    if is_known or not colon or not _is_module(module_name):
        return name
    found = load(name)
    if not isinstance(found, Backend):
        advice = f"give it as --agent {name}" if type(found) is Agent else "name an object with stream() and aclose()"
        raise BadReference(f"{name!r} is {type(found).__name__}, no Backend: {advice}")
    return found


def _is_module(name: str) -> bool:
    _look_in_working_directory()
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _look_in_working_directory() -> None:
    """An installed command is not told to, unlike ``python -m``."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
