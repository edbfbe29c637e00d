"""Whether a call of a tool needs a person's consent, and whose."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..events.human import Ask
from .errors import BadTool

Approval = bool | str | Ask | Callable[[Mapping[str, Any]], bool | str | Ask]
"""Whether anybody has to agree, who, or the whole question; or a function of a call's validated arguments to that."""

_REASON = "the tool needs it"


def check_approval(tool: str, needs: object) -> None:
    """Refuse what says nothing about approval.

    :raises BadTool: it is no yes or no, approver, question, or sync function.
    """
    if isinstance(needs, bool | Ask) or (isinstance(needs, str) and needs):
        return
    if inspect.iscoroutinefunction(needs):
        raise BadTool(f"tool {tool!r}: needs_approval is an async function; give a sync one, or use a policy")
    if isinstance(needs, type) or not callable(needs):
        raise BadTool(
            f"tool {tool!r}: needs_approval={needs!r:.80}; give True, an approver's name, Ask(...), "
            "or a function of the arguments to one of these"
        )


def question(needs: Approval, arguments: Mapping[str, Any]) -> Ask | None:
    """What a person is asked before a call with these validated arguments; None where nobody has to agree.

    A function that fails, or answers nonsense, asks: what was to be looked at does not happen by mistake.
    """
    wanted = _answer(needs, arguments) if callable(needs) else needs
    if isinstance(wanted, str):
        return Ask(wanted, _REASON)
    if isinstance(wanted, bool):
        return Ask("", _REASON) if wanted else None
    return wanted


def _answer(rule: Callable[[Mapping[str, Any]], object], arguments: Mapping[str, Any]) -> bool | str | Ask:
    try:
        wanted = rule(MappingProxyType(dict(arguments)))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        return Ask("", f"its needs_approval raised {type(error).__name__}, so a person decides")
    if isinstance(wanted, bool | str | Ask):
        return wanted
    return Ask("", f"its needs_approval answered a {type(wanted).__name__}, so a person decides")
