"""What every backend promises: a request in, deltas out, nothing left open."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import JsonValue

from ..events.content import Block, Message
from ..events.usage import NO_USAGE, Usage
from .errors import NotConfigured

StopReason = Literal["end", "tool_calls", "length", "stop_sequence", "content_filter", "refusal", "pause", "other"]
"""Why a reply ended, in our words. ``length`` and ``content_filter`` mean that the answer was cut; after a ``pause`` it
goes on, once the model gets back what it said so far."""


class ToolSpec(Protocol):
    """What a model is told about a tool. ``loopbus.tools.Tool`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        """JSON schema of the arguments: always an object."""
        ...

    @property
    def strict(self) -> bool | None:
        """Whether the provider is to keep the model to the schema, where it can. None leaves that to the provider."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to sample. ``None`` leaves the provider's own default; ``extra_body`` is merged into the request last.

    What a number may be beyond that it is one, each provider says by itself.

    :raises NotConfigured: a number is none that can be sent, or ``stop`` is one text.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    reasoning_tokens: int | None = None
    """How many tokens of reasoning at most, where a provider counts them; it goes before ``reasoning_effort``."""
    cache_prompt: Literal["5m", "1h"] | None = None
    """Have the provider keep what stays the same between requests, for so long, where that must be asked for."""
    parallel_tool_calls: bool | None = None
    tool_choice: str | None = None
    """``auto``, ``none``, ``required``, or a tool's name."""
    extra_body: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def __post_init__(self) -> None:
        for name, kind in _NUMBERS.items():
            number = getattr(self, name)
            if number is not None and not (isinstance(number, kind) and -inf < number < inf):
                raise NotConfigured(f"Settings({name}={number!r:.80}): give {_NUMBER_WORDS[kind]}, or None")
        if isinstance(self.stop, str):
            raise NotConfigured(
                f"Settings(stop={self.stop!r:.80}): give a tuple of texts, as in stop=({self.stop!r:.80},)"
            )


_NUMBERS: Mapping[str, Any] = {
    "temperature": int | float,
    "top_p": int | float,
    "top_k": int,
    "presence_penalty": int | float,
    "frequency_penalty": int | float,
    "max_tokens": int,
    "seed": int,
    "reasoning_tokens": int,
}
_NUMBER_WORDS: Mapping[Any, str] = {int: "a whole number", int | float: "a finite number"}


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What the answer must be: JSON text that ``schema`` allows. A backend asks for it natively, or not at all."""

    name: str
    schema: Mapping[str, JsonValue]
    description: str = ""
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """One model call. ``messages`` may be a view of a list that grows later: read it before the first ``await``."""

    messages: Sequence[Message]
    instructions: str = ""
    tools: Sequence[ToolSpec] = ()
    settings: Settings = Settings()
    streaming: bool = True
    output: OutputSpec | None = None


class TextPiece(NamedTuple):
    """Some more text of the answer."""

    text: str


class ThinkingPiece(NamedTuple):
    """Some more reasoning; a ``signature`` closes the block that it signs."""

    text: str
    signature: str | None = None


class ToolCallPiece(NamedTuple):
    """Some more of the tool call in ``slot``; ``provider_id`` and ``name`` are empty once told."""

    slot: int
    provider_id: str = ""
    name: str = ""
    arguments: str = ""
    """The next stretch of the arguments' JSON text."""


class BlockPiece(NamedTuple):
    """A block that arrives whole."""

    block: Block


class UsagePiece(NamedTuple):
    """The counts so far: a later report replaces an earlier one."""

    usage: Usage


class StopPiece(NamedTuple):
    """The provider says that the reply is over. A stream without one was cut."""

    reason: StopReason
    raw: str = ""
    """The provider's own word."""


Delta = TextPiece | ThinkingPiece | ToolCallPiece | BlockPiece | UsagePiece | StopPiece


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: what the deltas of one stream fold to."""

    content: tuple[Block, ...]
    stop: StopReason
    usage: Usage = NO_USAGE
    raw_stop: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; a stage asks before it relies on one."""

    streaming: bool = True
    tools: bool = True
    parallel_tool_calls: bool = True
    images: bool = False
    audio: bool = False
    files: bool = False
    output: bool = False
    """Whether ``Request.output`` is kept to by the provider itself."""
    output_with_tools: bool = True
    """Whether that holds also for a request with tools; if not, the provider refuses one that has both."""


@runtime_checkable
class Backend(Protocol):
    """Speaks to one model.

    Any number of ``stream`` calls may be open at once. Leaving a stream early, by ``aclose`` or by cancellation,
    closes its connection. Every failure is a ``BackendError``.
    """

    @property
    def model(self) -> str:
        """The name shown in events and looked up in price tables, such as ``openai:gpt-5.2``.

        Before the colon is the provider: what a reply holds that is signed is kept as its, and shown to no other.
        """
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """Send ``request`` and yield what comes back, the stop last.

        :raises BackendError: the model could not be reached, refused, or sent what cannot be understood.
        """
        ...

    async def aclose(self) -> None:
        """Free everything the backend holds. Closing twice is harmless."""
        ...
