"""Chats with Ollama's own API: requests out of ours, and the wire.

Source of the format: https://docs.ollama.com/api/chat.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ...events.content import Image, Message, Opaque, Refusal, Role, Text, Thinking, ToolCall, ToolResult
from ..contract import Request, ToolSpec
from ..errors import Refused
from .json_lines import JsonLinesReader
from .ollama import OllamaReader
from .ollama_options import Json, options, picture
from .wire import Wire


def encode(request: Request, model: str, *, provider: str = "ollama") -> Json:
    """The body of the HTTP request.

    A result is told by its tool's name, which every server knows, and by its call's id where the server gave one.
    Ollama cannot be made to call a tool: one that is chosen by name is offered alone, with ``none`` there are no tools.

    :raises Refused: a message holds what this wire cannot carry.
    """
    messages: list[Json] = []
    if request.instructions:
        messages.append({"role": "system", "content": request.instructions})
    for message in request.messages:
        messages.extend(_ROLES[message.role](message))
    body: Json = {"model": model, "messages": messages}
    tools = _offered(request.tools, request.settings.tool_choice)
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    return {**body, **options(request, tools=bool(tools))}


def _offered(tools: Sequence[ToolSpec], choice: str | None) -> Sequence[ToolSpec]:
    if choice in (None, "auto", "required"):
        return tools
    return [tool for tool in tools if tool.name == choice]


def _tool(tool: ToolSpec) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _system(message: Message) -> Iterable[Json]:
    yield {"role": "system", "content": message.text}


def _user(message: Message) -> Iterable[Json]:
    words: list[str] = []
    images: list[str] = []
    for block in message.content:
        match block:
            case Text(part) | Refusal(part):
                words.append(part)
            case Image():
                images.append(picture(block))
            case Opaque():
                pass
            case _:
                raise Refused(f"Ollama takes text and pictures, not a {type(block).__name__}")
    yield _with_images({"role": "user", "content": "".join(words)}, images)


def _assistant(message: Message) -> Iterable[Json]:
    words = [block.text for block in message.content if isinstance(block, Text | Refusal)]
    thoughts = "".join([block.text for block in message.content if isinstance(block, Thinking)])
    entry: Json = {"role": "assistant", "content": "".join(words)}
    if thoughts:
        entry["thinking"] = thoughts
    if calls := message.tool_calls:
        entry["tool_calls"] = [_call(call) for call in calls]
    yield entry


def _tool_results(message: Message) -> Iterable[Json]:
    for block in message.content:
        if not isinstance(block, ToolResult):
            raise Refused(f"a tool's message holds tool results, not {type(block).__name__}")
        entry: Json = {"role": "tool", "content": block.output, "tool_name": block.name}
        if block.provider_id:
            entry["tool_call_id"] = block.provider_id
        images: list[str] = []
        for part in block.parts:
            if not isinstance(part, Image):
                raise Refused(f"Ollama takes text and pictures, not the {type(part).__name__} that {block.name} gave")
            images.append(picture(part))
        yield _with_images(entry, images)


_ROLES: Mapping[Role, Callable[[Message], Iterable[Json]]] = {
    "system": _system,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool_results,
}


def _call(call: ToolCall) -> Json:
    # Arguments are an object here, not its text. Malformed ones go back as none at all.
    entry: Json = {"function": {"name": call.name, "arguments": dict(call.arguments)}}
    return {"id": call.provider_id, **entry} if call.provider_id else entry


def _with_images(entry: Json, images: list[str]) -> Json:
    return {**entry, "images": images} if images else entry


OLLAMA_CHAT = Wire(
    name="ollama.chat",
    encode=encode,
    path=lambda _model, _streaming: "/api/chat",
    frames=JsonLinesReader,
    answer=OllamaReader,
    accept="application/x-ndjson",
)
"""Chats with Ollama, under a base URL such as ``http://127.0.0.1:11434``."""
