"""Messages as turns of OpenAI Chat Completions.

Source of the format: https://platform.openai.com/docs/api-reference/chat/create.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...events.content import Audio, Block, File, Image, Message, Opaque, Refusal, Role, Text, Thinking
from ..errors import Refused
from .chat_turns import ChatTurns
from .media import data_url, input_audio
from .openai_chat_about import ABOUT
from .openai_chat_dialects import Dialect
from .own import own_fields
from .tool_results import results_of

Json = dict[str, Any]


class History:
    """Writes messages one after the other into ``turns``."""

    def __init__(self, provider: str, dialect: Dialect) -> None:
        self.turns = ChatTurns(dialect.manners)
        self._provider = provider
        self._dialect = dialect

    def add(self, message: Message) -> None:
        """Write one message.

        :raises Refused: it holds a block that this wire cannot carry.
        """
        _ROLES[message.role](self, message)

    def add_system(self, message: Message) -> None:
        self.turns.add({"role": "system", "content": message.text})

    def add_user(self, message: Message) -> None:
        match message.content:
            case [Text(text)]:
                self.turns.add({"role": "user", "content": text})
            case content:
                self.turns.add({"role": "user", "content": list(self._parts(content))})

    def add_assistant(self, message: Message) -> None:
        entry: Json = {"role": "assistant", "content": message.text}
        calls = [self.turns.call(call) for call in message.tool_calls]
        if calls:
            entry["tool_calls"] = calls
            if not any(isinstance(block, Text) for block in message.content):
                entry["content"] = None
        for block in message.content:
            match block:
                case Refusal(text) if self._dialect.refusals:
                    entry["refusal"] = text
                case Refusal(text):
                    entry["content"] = (entry["content"] or "") + text
                case Thinking(text):
                    for name in self._dialect.thinking:
                        entry[name] = entry.get(name, "") + text
                case Opaque(provider, {"audio": {"id": audio_id}}) if provider == self._provider:
                    entry["audio"] = {"id": audio_id}
                case Opaque():
                    entry.update(self._returned(own_fields(block, self._provider) or {}))
                case _:
                    # Nobody takes back the pictures or the sound that a model made.
                    pass
        self.turns.add(entry)

    def _returned(self, fields: Json) -> Json:
        kept = self._dialect.returned
        return {name: value for name, value in fields.items() if name not in ABOUT or name in kept}

    def add_tool(self, message: Message) -> None:
        for result in results_of(message):
            self.turns.add_result(result, result.output, self._parts(result.parts))

    def _parts(self, blocks: Iterable[Block]) -> Iterable[Json]:
        for block in blocks:
            if isinstance(block, Opaque):
                if (fields := own_fields(block, self._provider)) is not None:
                    yield fields
                continue
            write = self._dialect.parts.get(type(block)) or _PARTS.get(type(block))
            if write is None:
                raise Refused(f"a user's message cannot hold a {type(block).__name__} in Chat Completions")
            yield write(block)


_ROLES: Mapping[Role, Callable[[History, Message], None]] = {
    "system": History.add_system,
    "user": History.add_user,
    "assistant": History.add_assistant,
    "tool": History.add_tool,
}


def _file(file: File) -> Json:
    return {"type": "file", "file": {"filename": file.name or "file", "file_data": data_url(file)}}


_PARTS: Mapping[type[Block], Callable[[Any], Json]] = {
    Text: lambda block: {"type": "text", "text": block.text},
    Refusal: lambda block: {"type": "text", "text": block.text},
    Image: lambda block: {"type": "image_url", "image_url": {"url": data_url(block)}},
    Audio: input_audio,
    File: _file,
}
