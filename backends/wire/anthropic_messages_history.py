"""A conversation of ours as the messages of Anthropic Messages.

Source of the format: https://platform.claude.com/docs/en/api/messages/create.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...events.content import (
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
from ..errors import Refused
from .call_ids import CallIds
from .call_names import call_name
from .opening import OPENING, opened
from .own import own_fields, own_signature
from .tool_results import results_of

Json = dict[str, Any]

PLAIN_TEXT = re.compile(r"text/.*|application/(json|xml|yaml|x-yaml|toml|javascript)|.*\+(json|xml)")
"""Media types of a document that is sent as its text. All others go as bytes, of which only a PDF is taken."""


class History:
    """Writes messages one after the other, for a call and its result must agree on an id.

    System messages stand together in ``system``; messages of one side in a row become one in ``wire``.
    """

    def __init__(self, provider: str) -> None:
        self.system: list[Json] = []
        self.wire: list[Json] = []
        self._provider = provider
        self._ids = CallIds(_spell)

    def add(self, message: Message) -> None:
        """Write one message."""
        _ROLES[message.role](self, message)

    def finish(self) -> list[Json]:
        """All messages, a user's first."""
        return opened(self.wire, {"role": "user", "content": [{"type": "text", "text": OPENING}]})

    def add_system(self, message: Message) -> None:
        self.system.extend(self._parts(message.content))

    def add_user(self, message: Message) -> None:
        self._append("user", list(self._parts(message.content)))

    def add_assistant(self, message: Message) -> None:
        blocks: list[Json] = []
        for block in message.content:
            # Nobody takes back the pictures or the sound that a model made.
            if (write := _SAID.get(type(block))) is not None:
                write(self, block, blocks)
        self._append("assistant", blocks)

    def add_tool(self, message: Message) -> None:
        self._append("user", [self._result(result) for result in results_of(message)])

    def _append(self, role: str, blocks: list[Json]) -> None:
        if self.wire and self.wire[-1]["role"] == role:
            self.wire[-1]["content"].extend(blocks)
        elif blocks:
            self.wire.append({"role": role, "content": blocks})

    def _result(self, result: ToolResult) -> Json:
        block: Json = {"type": "tool_result", "tool_use_id": self._ids.of_result(result)}
        if content := list(self._parts((Text(result.output), *result.parts))):
            block["content"] = content
        if result.outcome != "ok":
            block["is_error"] = True
        return block

    def _parts(self, blocks: Iterable[Block]) -> Iterable[Json]:
        for block in blocks:
            if isinstance(block, Opaque):
                if (fields := own_fields(block, self._provider)) is not None:
                    yield fields
                continue
            if type(block) not in _PARTS:
                kind = type(block).__name__
                raise Refused(f"Anthropic Messages carries no {kind} to the model: leave it out, or give it as text")
            if not isinstance(block, Text) or not _is_blank(block.text):
                yield _PARTS[type(block)](block)

    def say(self, block: Text | Refusal, blocks: list[Json]) -> None:
        if not _is_blank(block.text):
            blocks.append({"type": "text", "text": block.text})

    def say_thinking(self, block: Thinking, blocks: list[Json]) -> None:
        if (signature := own_signature(block, self._provider)) is not None:
            blocks.append({"type": "thinking", "thinking": block.text, "signature": signature})

    def say_call(self, call: ToolCall, blocks: list[Json]) -> None:
        wire_id = self._ids.of_call(call)
        blocks.append({"type": "tool_use", "id": wire_id, "name": call_name(call.name), "input": dict(call.arguments)})

    def say_opaque(self, block: Opaque, blocks: list[Json]) -> None:
        match own_fields(block, self._provider):
            case None:
                pass
            case {"type": "tool_use"} as more:
                _complete_call(more, blocks)
            case {"type": "text", "text": str(text), "citations": [_, *_]} as cited:
                _cite(text, cited, blocks)
            case fields:
                blocks.append(fields)


_ROLES: Mapping[Role, Callable[[History, Message], None]] = {
    "system": History.add_system,
    "user": History.add_user,
    "assistant": History.add_assistant,
    "tool": History.add_tool,
}

_SAID: Mapping[type[Block], Callable[[History, Any, list[Json]], None]] = {
    Text: History.say,
    Refusal: History.say,
    Thinking: History.say_thinking,
    ToolCall: History.say_call,
    Opaque: History.say_opaque,
}


def _complete_call(more: Json, blocks: list[Json]) -> None:
    """Give a call back what ``ToolCall`` has no place for."""
    for block in blocks:
        if block.get("type") == "tool_use" and block["id"] == more.get("id"):
            block.update(more)


def _cite(text: str, cited: Json, blocks: list[Json]) -> None:
    """Put a text with its citations in the place of the same text without. If that was changed, they fit no more."""
    before: object = blocks[-1].get("text") if blocks else None
    if isinstance(before, str) and before.endswith(text):
        before = before.removesuffix(text)
        blocks[-1:] = [{**cited}] if _is_blank(before) else [{"type": "text", "text": before}, {**cited}]


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def _spell(call_id: str) -> str:
    """An id in the letters that the wire takes."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call_id)


def _source(media: Media) -> Json:
    if media.data is None:
        return {"type": "url", "url": media.url}
    return {"type": "base64", "media_type": media.media_type, "data": base64.b64encode(media.data).decode()}


def _document(file: File) -> Json:
    source = _source(file)
    if file.data is not None and PLAIN_TEXT.fullmatch(file.media_type):
        source = {"type": "text", "media_type": "text/plain", "data": file.data.decode(errors="replace")}
    document: Json = {"type": "document", "source": source}
    return {**document, "title": file.name} if file.name else document


_PARTS: Mapping[type[Block], Callable[[Any], Json]] = {
    Text: lambda block: {"type": "text", "text": block.text},
    Refusal: lambda block: {"type": "text", "text": block.text},
    Image: lambda block: {"type": "image", "source": _source(block)},
    File: _document,
}
