"""Requests of OpenAI Chat Completions out of ours.

Source of the format: https://platform.openai.com/docs/api-reference/chat/create.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...events.content import (
    Audio,
    Block,
    File,
    Image,
    Media,
    Message,
    Opaque,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from ..contract import OutputSpec, Request, Settings, ToolSpec
from ..errors import Refused
from .call_ids import CallIds
from .objects import write_object
from .strict_schema import strict_schema

Json = dict[str, Any]


def effort(settings: Settings) -> Json:
    """How much to reason, as OpenAI asks for it: a word, and no budget in tokens."""
    return {"reasoning_effort": settings.reasoning_effort}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where those who speak Chat Completions differ.

    ``max_tokens`` and ``thinking`` are field names; without any for ``thinking``, earlier reasoning is left out of the
    request. ``reasoning`` writes how much to reason; with ``cache_marks``, a text says whether it is to be cached.
    """

    max_tokens: str = "max_tokens"
    thinking: tuple[str, ...] = ()
    usage_in_stream: bool = True
    reasoning: Callable[[Settings], Json] = effort
    cache_marks: bool = False
    parts: Mapping[type[Block], Callable[[Any], Json]] = field(default_factory=dict[type[Block], Callable[[Any], Json]])
    """What writes a kind of block that is written otherwise than OpenAI has it."""


CHAT = Dialect()

AUDIO_FORMATS: Mapping[str, str] = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "x-m4a": "m4a", "mp4": "m4a"}
"""``input_audio.format`` for a media type's second half, where the two differ."""


def encode(request: Request, model: str, *, provider: str = "openai", dialect: Dialect = CHAT) -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    Every tool call gets an id that is unique in the request, and its result the same one. A tool's result is text on
    this wire: pictures and other media follow in a user's message.

    :raises Refused: a message holds a block that this wire cannot carry.
    """
    history = _History(provider, dialect)
    if request.instructions:
        history.wire.append({"role": "system", "content": _instructions(request, dialect)})
    for message in request.messages:
        history.add(message)
    body: Json = {"model": model, "messages": history.finish()}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    body.update(_settings(request, dialect))
    if request.streaming:
        body["stream"] = True
        if dialect.usage_in_stream:
            body["stream_options"] = {"include_usage": True}
    body.update(request.settings.extra_body)
    return body


def _settings(request: Request, dialect: Dialect) -> Json:
    settings = request.settings
    fields: Json = {
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "presence_penalty": settings.presence_penalty,
        "frequency_penalty": settings.frequency_penalty,
        dialect.max_tokens: settings.max_tokens,
        "stop": list(settings.stop) or None,
        "seed": settings.seed,
        "response_format": None if request.output is None else _response_format(request.output),
        **dialect.reasoning(settings),
    }
    if request.tools:
        fields["parallel_tool_calls"] = settings.parallel_tool_calls
        fields["tool_choice"] = _tool_choice(settings.tool_choice)
    return {name: value for name, value in fields.items() if value is not None}


def _instructions(request: Request, dialect: Dialect) -> list[Json] | str:
    kept = request.settings.cache_prompt
    if kept is None or not dialect.cache_marks:
        return request.instructions
    mark: Json = {"type": "ephemeral"} if kept == "5m" else {"type": "ephemeral", "ttl": kept}
    return [{"type": "text", "text": request.instructions, "cache_control": mark}]


def _response_format(output: OutputSpec) -> Json:
    # A shape that cannot be enforced is still told to the model; the answer is validated anyway.
    schema = strict_schema(output.schema) if output.strict else None
    spec: Json = {"name": output.name, "schema": schema or dict(output.schema)}
    if schema:
        spec["strict"] = True
    if output.description:
        spec["description"] = output.description
    return {"type": "json_schema", "json_schema": spec}


def _tool_choice(choice: str | None) -> Json | str | None:
    if choice in (None, "auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _tool(tool: ToolSpec) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


class _History:
    """Writes messages one after the other, for a call and its result must agree on an id."""

    def __init__(self, provider: str, dialect: Dialect) -> None:
        self.wire: list[Json] = []
        self._provider = provider
        self._dialect = dialect
        self._ids = CallIds()
        self._attached: list[Json] = []

    def add(self, message: Message) -> None:
        """Write one message."""
        if message.role != "tool":
            self._attach()
        _ROLES[message.role](self, message)

    def finish(self) -> list[Json]:
        """Everything written."""
        self._attach()
        return self.wire

    def add_system(self, message: Message) -> None:
        self.wire.append({"role": "system", "content": message.text})

    def add_user(self, message: Message) -> None:
        match message.content:
            case [Text(text)]:
                self.wire.append({"role": "user", "content": text})
            case content:
                self.wire.append({"role": "user", "content": list(self._parts(content))})

    def add_assistant(self, message: Message) -> None:
        entry: Json = {"role": "assistant", "content": message.text}
        calls = [self._call(call) for call in message.tool_calls]
        if calls:
            entry["tool_calls"] = calls
            if not any(isinstance(block, Text) for block in message.content):
                entry["content"] = None
        for block in message.content:
            match block:
                case Refusal(text):
                    entry["refusal"] = text
                case Thinking(text):
                    for name in self._dialect.thinking:
                        entry[name] = entry.get(name, "") + text
                case Opaque(provider, {"audio": {"id": audio_id}}) if provider == self._provider:
                    entry["audio"] = {"id": audio_id}
                case Opaque(provider, dict() as fields) if provider == self._provider:
                    entry.update(fields)
                case _:
                    # Nobody takes back the pictures or the sound that a model made.
                    pass
        self.wire.append(entry)

    def add_tool(self, message: Message) -> None:
        for block in message.content:
            if not isinstance(block, ToolResult):
                raise Refused(f"a tool's message holds tool results, not {type(block).__name__}")
            call_id = self._ids.of_result(block)
            self.wire.append({"role": "tool", "tool_call_id": call_id, "content": block.output})
            if block.parts:
                self._attached.append({"type": "text", "text": f"Attached to the result of {block.name} ({call_id}):"})
                self._attached.extend(self._parts(block.parts))

    def _attach(self) -> None:
        # Only once all results are written: nothing may stand between a call and its result.
        if self._attached:
            self.wire.append({"role": "user", "content": self._attached})
            self._attached = []

    def _call(self, call: ToolCall) -> Json:
        # Malformed arguments go back as none at all: servers that parse them would refuse the whole request.
        arguments = write_object(call.arguments).decode()
        function = {"name": call.name, "arguments": arguments}
        return {"id": self._ids.of_call(call), "type": "function", "function": function}

    def _parts(self, blocks: Iterable[Block]) -> Iterable[Json]:
        for block in blocks:
            if isinstance(block, Opaque):
                if block.provider == self._provider and isinstance(block.data, dict):
                    yield block.data
                continue
            write = self._dialect.parts.get(type(block)) or _PARTS.get(type(block))
            if write is None:
                raise Refused(f"a user's message cannot hold a {type(block).__name__} in Chat Completions")
            yield write(block)


_ROLES: Mapping[Role, Callable[[_History, Message], None]] = {
    "system": _History.add_system,
    "user": _History.add_user,
    "assistant": _History.add_assistant,
    "tool": _History.add_tool,
}


def _url(media: Media) -> str:
    if media.data is None:
        return media.url or ""
    return f"data:{media.media_type};base64,{base64.b64encode(media.data).decode()}"


def _image(image: Image) -> Json:
    return {"type": "image_url", "image_url": {"url": _url(image)}}


def audio_part(audio: Audio) -> Json:
    """Sound as OpenAI takes it.

    :raises Refused: it is an address.
    """
    if audio.data is None:
        raise Refused("Chat Completions takes sound as bytes, not as an address: load it and pass Audio(data=...)")
    subtype = audio.media_type.partition("/")[2]
    data = base64.b64encode(audio.data).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": AUDIO_FORMATS.get(subtype, subtype)}}


def _file(file: File) -> Json:
    return {"type": "file", "file": {"filename": file.name or "file", "file_data": _url(file)}}


_PARTS: Mapping[type[Block], Callable[[Any], Json]] = {
    Text: lambda block: {"type": "text", "text": block.text},
    Refusal: lambda block: {"type": "text", "text": block.text},
    Image: _image,
    Audio: audio_part,
    File: _file,
}
