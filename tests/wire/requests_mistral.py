"""Recorded Chat Completions requests to Mistral, read back into our own types."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loopbus.backends.contract import Request
from loopbus.events.content import Audio, Block, File, Message, Opaque, Thinking

from . import requests_openai_chat
from .decoding import split_data_url

Json = dict[str, Any]

NAMES: Mapping[str, str] = {"random_seed": "seed"}
"""Fields of a body that OpenAI calls otherwise."""

TOOL_CHOICES: Mapping[object, str] = {"any": "required"}


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request and its model, or why it cannot be read."""
    known = {NAMES.get(name, name): value for name, value in body.items()}
    choice = known.get("tool_choice")
    if isinstance(choice, str):
        known["tool_choice"] = TOOL_CHOICES.get(choice, choice)
    if body.get("tools"):
        known["tools"] = [{"type": "function", **tool} for tool in body["tools"]]
    known["messages"] = [_with_objects(entry) for entry in body["messages"]]
    decoded = requests_openai_chat.decode(known, exchange)
    if isinstance(decoded, str):
        return decoded
    request, model = decoded
    return replace(request, messages=[_own(message) for message in request.messages]), model


def _with_objects(entry: Json) -> Json:
    if not isinstance(entry.get("content"), list):
        return entry
    return {**entry, "content": [_with_object(part) for part in entry["content"]]}


def _with_object(part: Json) -> Json:
    match part:
        case {"type": "image_url", "image_url": str(url)}:
            return {**part, "image_url": {"url": url}}
        case {"type": "input_audio", "input_audio": str()}:
            # Under a name that OpenAI's decoder leaves alone.
            return {"type": "audio_url", "audio_url": part["input_audio"]}
        case _:
            return part


def _own(message: Message) -> Message:
    return replace(message, content=tuple(_block(block) for block in message.content))


def _block(block: Block) -> Block:
    match block:
        case Opaque(_, {"type": "document_url", "document_url": str(url), **rest}):
            name = rest.get("document_name")
            found = split_data_url(url)
            named = name if isinstance(name, str) else None
            return File("*/*", url=url, name=named) if found is None else File(found[0], data=found[1], name=named)
        case Opaque(_, {"type": "audio_url", "audio_url": str(url)}):
            return Audio("audio/*", url=url)
        case Opaque(_, {"type": "thinking", "thinking": list(words) | tuple(words), **rest}):
            signature = rest.get("signature")
            text = "".join(str(word["text"]) for word in words if isinstance(word, Mapping))
            return Thinking(text, signature if isinstance(signature, str) else None)
        case _:
            return block
