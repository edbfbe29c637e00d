"""Messages as items of OpenAI's Responses API.

Source of the format: https://platform.openai.com/docs/api-reference/responses/create#responses-create-input.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from ...events.content import Audio, Block, File, Image, Message, Opaque, Refusal, Role, Text, ToolCall
from ..errors import Refused
from .call_ids import CallIds
from .call_names import call_name
from .media import data_url, input_audio
from .objects import write_object
from .own import own_fields
from .tool_results import results_of

Json = dict[str, Any]

LONGEST_ID = 64
"""Characters of a ``call_id``."""

_HELD = frozenset({"type", "annotations", "content"})
"""What an opaque block beside a message tells people, or only the provider can have said."""


class History:
    """Writes messages one after the other, for a call and its result must agree on an id."""

    def __init__(self, provider: str) -> None:
        self.items: list[Json] = []
        """Everything written."""
        self._provider = provider
        self._ids = CallIds(longest=LONGEST_ID)
        self._calls: dict[str, Json] = {}
        self._said: list[Json] = []
        self._picture: Image | None = None

    def add(self, message: Message) -> None:
        """Write one message.

        :raises Refused: it holds a block that this wire cannot carry.
        """
        _ROLES[message.role](self, message)

    def add_system(self, message: Message) -> None:
        self.items.append({"role": "system", "content": message.text})

    def add_user(self, message: Message) -> None:
        parts: list[Json] = []
        for block in message.content:
            if not isinstance(block, Opaque):
                parts.append(_part(block))
            elif (fields := self._own(block)) is not None:
                # Answers to the provider's own tools, such as an approval, are items beside the message.
                (parts if fields["type"].startswith("input_") else self.items).append(fields)
        match parts:
            case []:
                pass
            case [{"type": "input_text", "text": text, **rest}] if not rest:
                self.items.append({"role": "user", "content": text})
            case _:
                self.items.append({"role": "user", "content": parts})

    def add_assistant(self, message: Message) -> None:
        first = len(self.items)
        for block in message.content:
            if (say := _SAYS.get(type(block))) is not None:
                say(self, block)
        self._end_message({})
        # A reply that was cut may end in reasoning, and reasoning that leads to nothing is refused.
        while len(self.items) > first and self.items[-1].get("type") == "reasoning":
            self.items.pop()

    def add_tool(self, message: Message) -> None:
        for result in results_of(message):
            output: list[Json] | str = result.output
            if result.parts:
                output = [_part(part) for part in ([Text(output)] if output else []) + list(result.parts)]
            call_id = self._ids.of_result(result)
            self.items.append({"type": "function_call_output", "call_id": call_id, "output": output})

    def say_text(self, block: Text) -> None:
        self._said.append({"type": "output_text", "text": block.text})

    def say_refusal(self, block: Refusal) -> None:
        self._said.append({"type": "refusal", "refusal": block.text})

    def say_call(self, block: ToolCall) -> None:
        self._end_message({})
        call_id = self._ids.of_call(block)
        # Malformed arguments go back as none at all: servers that parse them would refuse the whole request.
        arguments = write_object(block.arguments).decode()
        item: Json = {
            "type": "function_call",
            "call_id": call_id,
            "name": call_name(block.name),
            "arguments": arguments,
        }
        self._calls[block.provider_id] = item
        self.items.append(item)

    def say_picture(self, block: Image) -> None:
        self._picture = block

    def say_opaque(self, block: Opaque) -> None:
        if (fields := self._own(block)) is None:
            return
        match fields:
            case {"type": "message"}:
                self._end_message(fields)
            case {"type": "function_call", "call_id": call_id, **beside}:
                self._calls.get(call_id, {}).update(beside)
            case {"type": "image_generation_call"} if self._picture is not None and self._picture.data is not None:
                fields["result"] = base64.b64encode(self._picture.data).decode()
                self._add_item(fields)
                self._picture = None
            case _:
                self._add_item(fields)

    def _add_item(self, item: Json) -> None:
        self._end_message({})
        self.items.append(item)

    def _end_message(self, beside: Json) -> None:
        said, self._said = self._said, []
        if not said:
            return
        # Text alone is a string: what every server takes. Parts are OpenAI's own.
        plain = all(part["type"] == "output_text" for part in said)
        content = "".join(part["text"] for part in said) if plain else said
        kept = {name: value for name, value in beside.items() if name not in _HELD}
        self.items.append({"role": "assistant", "content": content, **kept})

    def _own(self, block: Opaque) -> Json | None:
        """The fields of an opaque block that is an item or a part of this provider's."""
        fields = own_fields(block, self._provider)
        return fields if fields and isinstance(fields.get("type"), str) else None


_ROLES: Mapping[Role, Callable[[History, Message], None]] = {
    "system": History.add_system,
    "user": History.add_user,
    "assistant": History.add_assistant,
    "tool": History.add_tool,
}

_SAYS: Mapping[type[Block], Callable[[History, Any], None]] = {
    Text: History.say_text,
    Refusal: History.say_refusal,
    ToolCall: History.say_call,
    Image: History.say_picture,
    Opaque: History.say_opaque,
}
"""Thinking is for people: what the model wants back of it stands in an opaque block beside it."""


def _part(block: Block) -> Json:
    if (write := _PARTS.get(type(block))) is None:
        raise Refused(f"a user's message cannot hold a {type(block).__name__} in the Responses API")
    return write(block)


def _file(file: File) -> Json:
    if file.data is None:
        return {"type": "input_file", "file_url": file.url}
    return {"type": "input_file", "filename": file.name or "file", "file_data": data_url(file)}


_PARTS: Mapping[type[Block], Callable[[Any], Json]] = {
    Text: lambda block: {"type": "input_text", "text": block.text},
    Refusal: lambda block: {"type": "input_text", "text": block.text},
    Image: lambda block: {"type": "input_image", "image_url": data_url(block)},
    Audio: input_audio,
    File: _file,
}
