"""What an agent is, as a value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Generic, get_args

from typing_extensions import TypeVar

from ..backends.contract import Backend, Settings
from ..handlers.answering import OutputMode
from ..handlers.compaction import Compaction
from ..handlers.instructions import Instructions
from ..handlers.limits import Limits
from ..handlers.retrying import Retrying
from ..handlers.timeouts import ReplyTimeouts
from ..tools.coercion import CAP_BYTES
from ..tools.output import OutputType
from ..tools.tool import Tool
from ..tools.toolset import Toolset
from .checks import INSTRUCTIONS, MODELS, PAUSE, SIZE, TEXT, TIMES, TOOLS, Rule, check, of

OutputT = TypeVar("OutputT", default=Any)
_MODES = get_args(OutputMode)
_RULES = {
    "model": of(str | Backend, "a name such as 'local' or 'openai:gpt-5.2', or a Backend object"),
    "instructions": INSTRUCTIONS,
    "tools": TOOLS,
    "name": TEXT,
    "limits": of(Limits, "Limits(...), such as Limits(turns=3)"),
    "settings": of(Settings, "Settings(...), such as Settings(temperature=1)"),
    "streaming": of(bool, "True or False"),
    "result_bytes": SIZE,
    "output_mode": Rule(_MODES.__contains__, f"one of {', '.join(map(repr, _MODES))}"),
    "output_retries": TIMES,
    "retry": of(Retrying | None, "RetryPolicy(...), such as RetryPolicy(attempts=5), or None"),
    "fallback": MODELS,
    "compaction": of(Compaction | None, "KeepLatest(...), or None"),
    "hedge_s": PAUSE,
    "timeouts": of(ReplyTimeouts | None, "ReplyTimeouts(...), such as ReplyTimeouts(first_token_s=20), or None"),
}


@dataclass(frozen=True, eq=False, repr=False, slots=True, weakref_slot=True)
class AgentSpec(Generic[OutputT]):
    """What ``Agent`` says of itself, without its doors; the fields and the errors are told there."""

    model: str | Backend
    instructions: Instructions = ""
    tools: Sequence[Tool | Callable[..., Any]] = ()
    name: str = field(default="agent", kw_only=True)
    limits: Limits = field(default=Limits(), kw_only=True)
    settings: Settings = field(default=Settings(), kw_only=True)
    streaming: bool = field(default=True, kw_only=True)
    result_bytes: int = field(default=CAP_BYTES, kw_only=True)
    output: type[OutputT] | Any = field(default=str, kw_only=True)
    output_mode: OutputMode = field(default="auto", kw_only=True)
    output_retries: int = field(default=2, kw_only=True)
    retry: Retrying | None = field(default=None, kw_only=True)
    fallback: Sequence[str | Backend] = field(default=(), kw_only=True)
    compaction: Compaction | None = field(default=None, kw_only=True)
    timeouts: ReplyTimeouts | None = field(default=None, kw_only=True)
    hedge_s: float | None = field(default=None, kw_only=True)
    toolset: Toolset = field(init=False, repr=False)
    answer: OutputType[OutputT] | None = field(init=False, repr=False)
    """None where any text is an answer."""

    def __post_init__(self) -> None:
        check(_RULES, **{name: getattr(self, name) for name in _RULES})
        object.__setattr__(self, "toolset", Toolset(self.tools))
        object.__setattr__(self, "answer", None if self.output is str else OutputType(self.output))

    def __repr__(self) -> str:
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        said = [
            f"{each.name}={given[each.name]!r}"
            for each in fields(self)
            if given.get(each.name, each.default) != each.default
        ]
        return f"{type(self).__name__}({', '.join(said)})"
