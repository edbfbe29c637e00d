"""What an agent is, as a value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..backends.contract import Backend, Settings
from ..handlers.limits import Limits
from ..handlers.instructions import Instructions
from ..tools.coercion import CAP_BYTES
from ..tools.tool import Tool
from ..tools.toolset import Toolset
from .checks import INSTRUCTIONS, SIZE, TOOLS, check, of


_RULES = {
    "model": of(str | Backend, "a model's name, such as 'local', or a Backend"),
    "instructions": INSTRUCTIONS,
    "tools": TOOLS,
    "name": of(str, "a text"),
    "limits": of(Limits, "Limits(...)"),
    "settings": of(Settings, "Settings(...)"),
    "result_bytes": SIZE,
}


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class AgentSpec:
    """A frozen description of an agent; one object serves any number of concurrent runs.

    ``model`` is a name such as ``"local"`` or ``"openai:gpt-5.2"``, or a ``Backend`` object, which the caller closes.
    ``instructions`` is a text, or a function of the run's ``deps`` that gives one, asked at every turn. ``tools`` are
    functions or ``Tool`` objects. ``result_bytes`` is how much of a tool's result the model is shown.

    :raises BadTool: a function cannot be a tool; says which parameter is the reason.
    :raises DuplicateTool: two tools have one name.
    :raises BadInput: anything else is not what it must be.
    """

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
