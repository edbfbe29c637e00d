"""What an agent is, as a value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..backends.contract import Backend, Settings
from ..handlers.instructions import Instructions
from ..handlers.limits import Limits
from ..tools.coercion import CAP_BYTES
from ..tools.tool import Tool
from ..tools.toolset import Toolset
from .checks import INSTRUCTIONS, SIZE, TOOLS, check, of

_RULES = {
    "model": of(str | Backend, "a name such as 'local' or 'openai:gpt-5.2', or a Backend object"),
    "instructions": INSTRUCTIONS,
    "tools": TOOLS,
    "name": of(str, "a text"),
    "limits": of(Limits, "Limits(...), such as Limits(turns=3)"),
    "settings": of(Settings, "Settings(...), such as Settings(temperature=1)"),
    "streaming": of(bool, "True or False"),
    "result_bytes": SIZE,
}


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class AgentSpec:
    """What ``Agent`` says of itself, without its doors; the fields and the errors are told there."""

    model: str | Backend
    instructions: Instructions = ""
    tools: Sequence[Tool | Callable[..., Any]] = ()
    name: str = field(default="agent", kw_only=True)
    limits: Limits = field(default=Limits(), kw_only=True)
    settings: Settings = field(default=Settings(), kw_only=True)
    streaming: bool = field(default=True, kw_only=True)
    result_bytes: int = field(default=CAP_BYTES, kw_only=True)
    toolset: Toolset = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check(_RULES, **{name: getattr(self, name) for name in _RULES})
        object.__setattr__(self, "toolset", Toolset(self.tools))
