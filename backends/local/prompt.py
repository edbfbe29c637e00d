"""What a small model is told: the tools in words, and the conversation as plain turns. Pure.

The wording is measured, not guessed (``benchmarks/local_model.py``): signatures work better than JSON schemas, examples
with other tools better than none, and once the results are in, a model that no longer sees the tools reports the
results instead of asking for them again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from ...events.content import Audio, Block, File, Image, Message, Outcome, Refusal, Text, ToolCall, ToolResult
from ..contract import Request, ToolSpec
from ..errors import Refused
from .schema import Schema

Turn = dict[str, str]
"""One entry of a chat as the engine takes it: ``role`` and ``content``."""

DEFAULT_INSTRUCTIONS = "You are a helpful assistant."

RULES = """You can use these tools:
{tools}

When a tool fits the request, reply only with one block for each call:
<tool_call>
{{"name": <tool name>, "arguments": {{<parameter>: <value>}}}}
</tool_call>
Use only the tools and parameters listed above. When no tool fits, such as for small talk, general knowledge or \
writing, answer in plain words.

Example, for other tools:
- open_door(room: string): Unlock the door of a room.
- play_song(title: string, volume: integer = 5): Play a song.

Request: Let me into the library, please.
Reply:
<tool_call>
{{"name": "open_door", "arguments": {{"room": "library"}}}}
</tool_call>

Request: Open the kitchen, then play Yesterday at volume 8.
Reply:
<tool_call>
{{"name": "open_door", "arguments": {{"room": "kitchen"}}}}
</tool_call>
<tool_call>
{{"name": "play_song", "arguments": {{"title": "Yesterday", "volume": 8}}}}
</tool_call>"""

CALL_OPENING = "<tool_call>\n"
REMINDER = "\n\n(Use a tool if one fits, otherwise answer directly.)"
LOOKING_UP = "Let me look that up."
QUESTION = "\n\nAnswer the question with this result, in one sentence."
FORM = "\n\nAnswer in JSON of this form: {form}"

ENDINGS: Mapping[Outcome, str] = {
    "ok": "returned",
    "error": "failed",
    "denied": "was not allowed",
    "cancelled": "was cancelled",
    "unknown": "was started, and nobody knows how it ended",
}


Write = Callable[[Sequence[ToolCall]], str]
"""How the calls of an earlier reply are shown."""


def is_calling(request: Request) -> bool:
    """Whether to show the tools: until results are in, and once more if the first calls all failed."""
    if not request.tools or request.settings.tool_choice == "none":
        return False
    latest = request.messages[_latest_user(request.messages) + 1 :]
    outcomes = [block.outcome for message in latest for block in message.content if isinstance(block, ToolResult)]
    attempts = sum(bool(message.tool_calls) for message in latest)
    return not outcomes or (attempts == 1 and set(outcomes) == {"error"})


def has_results(request: Request) -> bool:
    """Whether the request ends with what tools said."""
    return bool(request.messages) and request.messages[-1].role == "tool"


def calling_turns(request: Request) -> list[Turn]:
    """The conversation for a model that may call a tool next.

    :raises Refused: a message holds what is no text.
    """
    rules = RULES.format(tools="\n".join(map(describe, request.tools)))
    return _turns(request, rules, _tagged, REMINDER)


def answering_turns(request: Request) -> list[Turn]:
    """The conversation for a model that is to answer now, from the results if there are any.

    :raises Refused: a message holds what is no text.
    """
    return _turns(request, "", lambda calls: LOOKING_UP, _last_words(request))


def _last_words(request: Request) -> str:
    if request.output is not None:
        return FORM.format(form=_type_in_words(request.output.schema))
    return QUESTION if has_results(request) else ""


def describe(tool: ToolSpec) -> str:
    """A tool as a signature with its description, and a line for each parameter that has one."""
    properties = cast("Mapping[str, Schema]", tool.parameters.get("properties", {}))
    required = cast("Sequence[str]", tool.parameters.get("required", ()))
    signature = ", ".join(_parameter(name, schema, name in required) for name, schema in properties.items())
    told = {name: schema["description"] for name, schema in properties.items() if schema.get("description")}
    lines = [f"- {tool.name}({signature}): {_one_line(tool.description)}"]
    return "\n".join(lines + [f"    {name}: {_one_line(text)}" for name, text in told.items()])


def _parameter(name: str, schema: Schema, required: bool) -> str:
    default = f" = {_json(schema['default'])}" if "default" in schema else "" if required else " = null"
    return f"{name}: {_type_in_words(schema)}{default}"


def _type_in_words(schema: Schema) -> str:
    match schema:
        case {"enum": options}:
            return " or ".join(map(_json, options))
        case {"const": value}:
            return _json(value)
        case {"anyOf": options} | {"oneOf": options}:
            return " or ".join(map(_type_in_words, options))
        case {"type": "array", "items": items}:
            return f"list of {_type_in_words(items)}"
        case {"type": "object", "properties": properties}:
            return "{" + ", ".join(_parameter(name, inner, True) for name, inner in properties.items()) + "}"
        case {"type": str(kind)}:
            return kind
        case _:
            return "any"


def _turns(request: Request, rules: str, write: Write, last_words: str) -> list[Turn]:
    messages = request.messages
    calls = {call.call_id: call for message in messages for call in message.tool_calls}
    system = [request.instructions or DEFAULT_INSTRUCTIONS]
    turns: list[Turn] = []
    for message in messages:
        parts = [_words(block, calls) for block in message.content]
        if message.tool_calls:
            parts.append(write(message.tool_calls))
        text = "\n".join(filter(None, parts))
        if message.role == "system":
            system.append(text)
        else:
            _add(turns, "assistant" if message.role == "assistant" else "user", text)
    if turns:
        turns[-1]["content"] += last_words
    return [{"role": "system", "content": "\n\n".join(filter(None, [*system, rules]))}, *turns]


def _add(turns: list[Turn], role: str, text: str) -> None:
    if not text:
        return
    # Many chat templates refuse two turns of the same speaker in a row.
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += f"\n\n{text}"
    else:
        turns.append({"role": role, "content": text})


def _words(block: Block, calls: Mapping[str, ToolCall]) -> str:
    match block:
        case Text(text) | Refusal(text):
            return _harmless(text)
        case ToolResult():
            call = calls.get(block.call_id)
            arguments = ", ".join(f"{name}={_json(value)}" for name, value in call.arguments.items()) if call else ""
            return _harmless(f"{block.name}({arguments}) {ENDINGS[block.outcome]}: {block.output}")
        case Image() | Audio() | File():
            raise Refused(f"a message holds an {block.kind} block, and the local model reads text only")
        case _:
            return ""


def _tagged(calls: Sequence[ToolCall]) -> str:
    return "\n".join(
        f'{CALL_OPENING}{{"name": {_json(call.name)}, "arguments": {_json(call.arguments)}}}\n</tool_call>'
        for call in calls
    )


def _harmless(text: str) -> str:
    # <|im_end|> and its like are the model's own punctuation: a text that holds them could forge turns.
    return text.replace("<|", "< |")


def _latest_user(messages: Sequence[Message]) -> int:
    return max((place for place, message in enumerate(messages) if message.role == "user"), default=-1)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=dict)
