"""Requests of Cohere's Chat, version 2, out of ours.

Source of the format: https://docs.cohere.com/v2/reference/chat.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from ...events.content import Block, File, Image, Message, Opaque, Refusal, Role, Text, Thinking
from ..contract import Request, Settings, ToolSpec
from ..errors import Refused
from . import sampling
from .chat_turns import ChatTurns
from .media import data_url
from .own import own_fields
from .tool_results import results_of

Json = dict[str, Any]

TOOL_CHOICES: Mapping[str | None, str | None] = {None: None, "auto": None, "none": "NONE", "required": "REQUIRED"}
"""``tool_choice`` for ours. There is no word for ``auto``, nor for one tool: that one is then offered alone."""


def encode(request: Request, model: str, *, provider: str = "cohere") -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    A file is a document, which Cohere cites by the file's name: text, or the fields of a JSON object. Files of a user's
    message go beside the messages, those of a tool's result into it. Pictures that a tool gave follow in a user's
    message. An output's schema is left out beside tools or documents, for Cohere refuses the two together. Tools are
    strict together or not at all, and only with arguments that are required. There is no word for
    ``parallel_tool_calls``.

    :raises Refused: a message holds what this wire cannot carry, or the chosen tool is not among the tools.
    """
    history = _History(provider)
    if request.instructions:
        history.turns.add({"role": "system", "content": request.instructions})
    for message in request.messages:
        history.add(message)
    body: Json = {"model": model, "messages": history.turns.finish(), "stream": request.streaming}
    if history.documents:
        body["documents"] = history.documents
    body.update(_tools(request.tools, request.settings.tool_choice))
    if request.output is not None and not (request.tools or history.documents):
        body["response_format"] = {"type": "json_object", "json_schema": dict(request.output.schema)}
    body.update(write_sampling(request.settings))
    if (thinking := _thinking(request.settings)) is not None:
        body["thinking"] = thinking
    body.update(request.settings.extra_body)
    return body


def write_sampling(settings: Settings) -> Json:
    """How to sample, which both versions of Chat call the same."""
    return sampling.write(settings, sampling.COHERE)


def _thinking(settings: Settings) -> Json | None:
    budget = settings.reasoning_tokens
    if budget == 0 or (budget is None and settings.reasoning_effort == "none"):
        return {"type": "disabled"}
    if budget is not None:
        return {"type": "enabled", "token_budget": budget}
    # An effort has no word of its own: the model thinks, and it decides how long.
    return {"type": "enabled"} if settings.reasoning_effort else None


def _tools(tools: Sequence[ToolSpec], choice: str | None) -> Json:
    if not tools:
        return {}
    word = TOOL_CHOICES.get(choice, "REQUIRED")
    if choice not in TOOL_CHOICES:
        tools = [tool for tool in tools if tool.name == choice]
        if not tools:
            raise Refused(f"the tool {choice!r} is to be called and is not among the tools of the request")
    body: Json = {"tools": [_tool(tool) for tool in tools]}
    if all(tool.strict and tool.parameters.get("required") for tool in tools):
        body["strict_tools"] = True
    return body if word is None else {**body, "tool_choice": word}


def _tool(tool: ToolSpec) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


class _History:
    """Writes messages one after the other into ``turns``, and what they bring to read beside those."""

    def __init__(self, provider: str) -> None:
        self.turns = ChatTurns()
        self.documents: list[Json] = []
        self._provider = provider

    def add(self, message: Message) -> None:
        """Write one message."""
        _ROLES[message.role](self, message)

    def add_system(self, message: Message) -> None:
        self.turns.add({"role": "system", "content": message.text})

    def add_user(self, message: Message) -> None:
        match message.content:
            case [Text(words)]:
                self.turns.add({"role": "user", "content": words})
            case content:
                self.turns.add({"role": "user", "content": list(self._parts(content)) or ""})

    def add_assistant(self, message: Message) -> None:
        entry: Json = {"role": "assistant"}
        calls = [self.turns.call(call) for call in message.tool_calls]
        thoughts = "".join([block.text for block in message.content if isinstance(block, Thinking)])
        words = "".join([block.text for block in message.content if isinstance(block, Text | Refusal)])
        if thoughts and not calls:
            entry["content"] = [{"type": "thinking", "thinking": thoughts}, {"type": "text", "text": words}]
        elif words or not calls:
            entry["content"] = words
        if calls:
            entry["tool_calls"] = calls
            if thoughts:
                entry["tool_plan"] = thoughts
        for block in message.content:
            match block:
                case Opaque(provider, dict() as fields) if provider == self._provider and "type" not in fields:
                    entry.update(fields)
                case _:
                    # What the model made beside text, and parts that nobody knew, it does not take back.
                    pass
        self.turns.add(entry)

    def add_tool(self, message: Message) -> None:
        for result in results_of(message):
            documents = [part for part in result.parts if isinstance(part, File)]
            content: Any = result.output
            if documents:
                content = [{"type": "text", "text": result.output}] if result.output else []
                content.extend({"type": "document", "document": _document(file)} for file in documents)
            pictures = [part for part in result.parts if not isinstance(part, File)]
            self.turns.add_result(result, content, self._parts(pictures))

    def _parts(self, blocks: Iterable[Block]) -> Iterable[Json]:
        for block in blocks:
            match block:
                case Text(words) | Refusal(words):
                    yield {"type": "text", "text": words}
                case Image():
                    yield {"type": "image_url", "image_url": {"url": data_url(block)}}
                case File():
                    self.documents.append(_document(block))
                case Opaque():
                    if (fields := own_fields(block, self._provider)) is not None:
                        yield fields
                case _:
                    raise Refused(f"a user's message cannot hold a {type(block).__name__} at Cohere")


_ROLES: Mapping[Role, Callable[[_History, Message], None]] = {
    "system": _History.add_system,
    "user": _History.add_user,
    "assistant": _History.add_assistant,
    "tool": _History.add_tool,
}


def _document(file: File) -> Json:
    name = file.name or "a file"
    if file.data is None:
        raise Refused(f"Cohere does not fetch documents: load {name} ({file.url}) and pass File(data=...)")
    try:
        words = file.data.decode()
        data = from_json(words) if file.media_type == "application/json" else None
    except ValueError as exc:
        raise Refused(f"Cohere reads documents as text, and {name} ({file.media_type}) is none: {exc}") from exc
    document: Json = {"data": data if isinstance(data, dict) else {"text": words}}
    return {"id": file.name, **document} if file.name else document
