"""Messages as those of Amazon Bedrock's Converse.

Source of the format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import from_json

from ...events.content import (
    Audio,
    Block,
    File,
    Image,
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
from .bedrock_families import Family
from .bedrock_media import DocumentNames, write_media
from .call_ids import CallIds
from .call_names import call_name
from .opening import OPENING, opened
from .own import own_fields, own_signature
from .tool_results import results_of

Json = dict[str, Any]

_NO_ID = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_ID = 64

NO_OUTPUT = "(no output)"
"""What stands for a tool's empty result: Bedrock refuses blank text."""

NO_WORDS = "(no words)"
"""What stands beside a document that nothing was said of: Bedrock wants a text there."""


class History:
    """Writes messages one after the other, for a call and its result must agree on an id."""

    def __init__(self, provider: str, family: Family) -> None:
        self.system: list[Json] = []
        self.messages: list[Json] = []
        self.called: list[str] = []
        """The names of the tools in it, in order."""
        self._provider = provider
        self._family = family
        self._ids = CallIds(_tool_use_id)
        self._names = DocumentNames()

    def add(self, message: Message) -> None:
        """Write one message."""
        _ROLES[message.role](self, message)

    def finish(self) -> list[Json]:
        """All messages, a user's first."""
        return opened(self.messages, {"role": "user", "content": [{"text": OPENING}]})

    def add_system(self, message: Message) -> None:
        self.system.extend(self._parts(message.content, "system message"))

    def add_user(self, message: Message) -> None:
        content = list(self._parts(message.content, "user's message"))
        if any("document" in part for part in content) and not any("text" in part for part in content):
            content.append({"text": NO_WORDS})
        self._append("user", content)

    def add_assistant(self, message: Message) -> None:
        content: list[Json] = []
        for block in message.content:
            match block:
                case Text(text) | Refusal(text) if text.strip():
                    content.append({"text": text})
                case Thinking(text) if signature := own_signature(block, self._provider):
                    content.append({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
                case ToolCall():
                    content.append({"toolUse": self._call(block)})
                case Opaque() if (fields := own_fields(block, self._provider)) is not None:
                    _append_opaque(content, fields)
                case _:
                    # Nobody takes back the pictures or the sound that a model made.
                    pass
        self._append("assistant", content)

    def add_tool(self, message: Message) -> None:
        self._append("user", [{"toolResult": self._result(result)} for result in results_of(message)])

    def _append(self, role: str, content: Iterable[Json]) -> None:
        blocks = list(content)
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"].extend(blocks)
        elif blocks:
            self.messages.append({"role": role, "content": blocks})

    def _call(self, call: ToolCall) -> Json:
        name = call_name(call.name)
        self.called.append(name)
        return {"toolUseId": self._ids.of_call(call), "name": name, "input": dict(call.arguments)}

    def _result(self, result: ToolResult) -> Json:
        content = [_output(result.output)] if result.output.strip() else []
        content.extend(self._parts(result.parts, "tool's result", without="audio"))
        status = {"status": "error"} if result.outcome != "ok" and self._family.tells_status else {}
        return {"toolUseId": self._ids.of_result(result), "content": content or [{"text": NO_OUTPUT}], **status}

    def _parts(self, blocks: Iterable[Block], place: str, without: str = "") -> Iterable[Json]:
        for block in blocks:
            match block:
                case Text(text) | Refusal(text):
                    if text.strip():
                        yield {"text": text}
                case Opaque():
                    if (fields := own_fields(block, self._provider)) is not None:
                        yield fields
                case Image() | Audio() | File():
                    yield write_media(block, self._names, place, without)
                case _:
                    raise Refused(f"a {place} cannot hold a {type(block).__name__} in Bedrock's Converse")


_ROLES: Mapping[Role, Callable[[History, Message], None]] = {
    "system": History.add_system,
    "user": History.add_user,
    "assistant": History.add_assistant,
    "tool": History.add_tool,
}


def _tool_use_id(wire_id: str) -> str:
    return _NO_ID.sub("_", wire_id)[:_LONGEST_ID]


def _append_opaque(content: list[Json], data: Json) -> None:
    cited = data.get("citationsContent")
    # Citations were told beside the text that they are for; going back, they hold it.
    if isinstance(cited, dict) and "content" not in cited and content and "text" in content[-1]:
        content[-1] = {"citationsContent": {**cited, "content": [content[-1]]}}
    else:
        content.append(data)


def _output(text: str) -> Json:
    # An object goes as one: the Mistral models behind Bedrock take nothing else.
    if text.lstrip().startswith("{"):
        try:
            return {"json": from_json(text, allow_inf_nan=False)}
        except ValueError:
            pass
    return {"text": text}
