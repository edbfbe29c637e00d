"""What a message is made of: one small frozen value for each kind of block."""

import base64
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, PlainSerializer

from .errors import BadContent
from .frozen import FrozenDict, Json, JsonObject, freeze, freeze_object, whole

Outcome = Literal["ok", "error", "denied", "cancelled", "unknown"]
"""How a tool call ended. ``unknown``: it was started and nobody saw its end, so its effect may have happened."""


def _decode(value: object) -> object:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


Base64 = Annotated[bytes, BeforeValidator(_decode), PlainSerializer(_encode, when_used="json")]
"""Bytes in memory, base64 text in JSON."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text that the reader is meant to see.

    :raises BadContent: it holds half of a surrogate pair.
    """

    text: str
    kind: Literal["text"] = "text"

    def __post_init__(self) -> None:
        whole(self.text, "a text")


@dataclass(frozen=True, slots=True)
class Thinking:
    """A model's reasoning. Send it back with its ``signature`` unchanged, or the provider refuses it.

    ``provider`` is who signed it: no other takes the signature. It is empty where nobody did, or nobody knows.

    :raises BadContent: it holds half of a surrogate pair.
    """

    text: str
    signature: str | None = None
    provider: str = ""
    kind: Literal["thinking"] = "thinking"

    def __post_init__(self) -> None:
        whole(self.text, "thinking")


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes or an address of them.

    :raises BadContent: ``data`` and ``url`` are both set, or neither.
    """

    media_type: str
    data: Base64 | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if (self.data is None) == (self.url is None):
            given = "neither" if self.data is None else "both"
            raise BadContent(f"{type(self).__name__}: give either data or url, not {given}")


@dataclass(frozen=True, slots=True)
class Image(Media):
    """A picture."""

    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class Audio(Media):
    """Recorded or spoken sound."""

    kind: Literal["audio"] = "audio"


@dataclass(frozen=True, slots=True)
class File(Media):
    """A document; ``name`` is what the model may call it."""

    name: str | None = None
    kind: Literal["file"] = "file"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to have a tool called. Its ``arguments`` are frozen: change a ``dict(...)`` of them.

    ``call_id`` is ours and unique within the run. ``provider_id`` is what the provider called it: it may be empty or
    repeated, so nothing is looked up by it. ``malformed`` holds the text of arguments that are no JSON object; such a
    call never runs. ``provider`` is who gave the ``signature``, as for ``Thinking``.

    :raises BadContent: the arguments are no JSON object.
    """

    call_id: str
    name: str
    arguments: JsonObject = field(default_factory=FrozenDict)
    provider_id: str = ""
    malformed: str | None = None
    signature: str | None = None
    provider: str = ""
    kind: Literal["tool_call"] = "tool_call"

    def __post_init__(self) -> None:
        if type(self.arguments) is not FrozenDict:
            object.__setattr__(self, "arguments", freeze_object(self.arguments))


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer to one ``ToolCall``: ``output`` for the model to read, ``parts`` for what is no text."""

    call_id: str
    name: str
    output: str
    outcome: Outcome = "ok"
    parts: tuple[Image | Audio | File, ...] = ()
    provider_id: str = ""
    kind: Literal["tool_result"] = "tool_result"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model's own words for not answering.

    :raises BadContent: they hold half of a surrogate pair.
    """

    text: str
    kind: Literal["refusal"] = "refusal"

    def __post_init__(self) -> None:
        whole(self.text, "a refusal")


@dataclass(frozen=True, slots=True)
class Opaque:
    """A block only its provider understands: kept whole, sent back to that provider, shown to nobody else.

    :raises BadContent: the data are no JSON.
    """

    provider: str
    data: Json
    kind: Literal["opaque"] = "opaque"

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", freeze(self.data))


Block = Annotated[
    Text | Thinking | Image | Audio | File | ToolCall | ToolResult | Refusal | Opaque, Discriminator("kind")
]
"""Any one part of a message, told apart by ``kind``."""

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation. A ``pinned`` message survives pruning."""

    role: Role
    content: tuple[Block, ...]
    pinned: bool = False

    @property
    def text(self) -> str:
        """All plain text, joined without a separator."""
        return "".join(block.text for block in self.content if isinstance(block, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls this message asks for, in the model's order."""
        return tuple([block for block in self.content if type(block) is ToolCall])

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """The results this message answers calls with, in the order of the calls."""
        return tuple([block for block in self.content if type(block) is ToolResult])


def user(*content: "str | Block", pinned: bool = False) -> Message:
    """A user's message out of texts and blocks.

    :raises BadContent: a part is neither, or a text that cannot be stored.
    """
    return Message("user", tuple([_block(part) for part in content]), pinned)


def _block(part: "str | Block") -> Block:
    if isinstance(part, str):
        return Text(part)
    if not isinstance(part, _BLOCKS):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise BadContent(
            f"{part!r} is neither text nor a block; a message is made of Text, Image, ToolResult and so on"
        )
    return part


_BLOCKS = (Text, Thinking, Image, Audio, File, ToolCall, ToolResult, Refusal, Opaque)
