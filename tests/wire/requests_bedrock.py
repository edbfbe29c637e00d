"""Recorded requests of Bedrock, Converse and InvokeModel, read back into our own types."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from pydantic_core import to_json

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.wire.bedrock_media import DOCUMENTS as ENDINGS
from loopbus.backends.wire.of_model import of_model
from loopbus.events.content import Block, File, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult

from . import requests_anthropic, requests_openai_chat
from .decoding import RecordedTool

Json = dict[str, Any]
Decoded = tuple[Request, str] | str

PROVIDER = "bedrock"

DOCUMENTS: Mapping[str, str] = {ending: kind for kind, ending in ENDINGS.items()}
CHOICES: Mapping[str, str] = {"auto": "auto", "any": "required"}
INFERENCE: Mapping[str, str] = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p"}
HEADER_END, TURN_END = "<|end_header_id|>\n\n", "<|eot_id|>"


class CannotSay(Exception):
    """Our types have no place for something in the body; the text is the cause."""


def decode(body: Json, exchange: Json) -> Decoded:
    """The request and its model, or why it cannot be read."""
    model, _, verb = exchange["request"]["url_path"].removeprefix("/model/").rpartition("/")
    model, streaming = unquote(model), verb.endswith("stream")
    read = _converse if verb.startswith("converse") else of_model(model, FAMILIES, _chat)
    try:
        return read(body, model, streaming, exchange)
    except CannotSay as exc:
        return str(exc)


def spelled_out(body: Json) -> Json:
    """The same request without what makes no difference to the provider.

    Empty objects and lists at its top say nothing, nor does an empty list of stop sequences; a tool's result is a
    success unless it says otherwise; a schema is compared as JSON, not as the text that it travels in; Nova knows its
    limit by two names. Claude's own body in InvokeModel has its own rules.
    """
    if "anthropic_version" in body:
        return requests_anthropic.spelled_out(body)
    plain: Json = {name: value for name, value in body.items() if value not in ({}, [])}
    if "inferenceConfig" in plain:
        inference: Json = plain["inferenceConfig"]
        names = {"max_new_tokens": "maxTokens"}
        plain["inferenceConfig"] = {names.get(name, name): value for name, value in inference.items() if value != []}
    if "messages" in plain:
        plain["messages"] = [_spelled_out_message(message) for message in plain["messages"]]
    if output := _output(plain.get("outputConfig")):
        plain["outputConfig"] = [output.name, output.description, output.schema]
    return plain


def _spelled_out_message(message: Json) -> Json:
    if isinstance(message["content"], str):
        return message
    return {**message, "content": [_spelled_out_block(block) for block in message["content"]]}


def _spelled_out_block(block: Json) -> Json:
    match block:
        case {"toolResult": {"status": "success", **rest}}:
            return {"toolResult": rest}
        case _:
            return block


def _converse(body: Json, model: str, streaming: bool, exchange: Json) -> Decoded:
    inference = dict(body.get("inferenceConfig") or {})
    additional = dict(body.get("additionalModelRequestFields") or {})
    known: Json = {ours: inference.pop(theirs) for theirs, ours in INFERENCE.items() if theirs in inference}
    known |= _additional(additional)
    known["stop"] = tuple(inference.pop("stopSequences", ()))
    # What is left has no field of ours: it goes as it is. So do empty objects, which say nothing.
    extra = {name: value for name, value in body.items() if name not in READ}
    extra |= {name: body[name] for name in ("system", "inferenceConfig") if name in body and not body[name]}
    if additional:
        extra["additionalModelRequestFields"] = body["additionalModelRequestFields"]
    system = [_block(block, {}) for block in body.get("system") or ()]
    messages = [Message("system", tuple(system))] if system else []
    return Request(
        [*messages, *_messages(body["messages"])],
        tools=_tools(body),
        settings=Settings(**known, tool_choice=_tool_choice(body), extra_body=extra),
        streaming=streaming,
        output=_output(body.get("outputConfig")),
    ), model


READ = frozenset(
    {
        "messages",
        "system",
        "inferenceConfig",
        "toolConfig",
        "outputConfig",
        "additionalModelRequestFields",
    }
)
"""Fields that our types have a place for; all others are ``Settings.extra_body``."""


def _additional(fields: Json) -> Json:
    known: Json = {}
    match fields:
        case {"thinking": {"type": "enabled", "budget_tokens": budget}}:
            known["reasoning_tokens"] = budget
            del fields["thinking"]
        case {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}:
            known["reasoning_effort"] = effort
            del fields["reasoningConfig"]
        case {"reasoning_effort": effort}:
            known["reasoning_effort"] = effort
            del fields["reasoning_effort"]
        case {"inferenceConfig": {"topK": top_k}}:
            known["top_k"] = top_k
            del fields["inferenceConfig"]
        case _:
            pass
    return known


def _output(config: Json | None) -> OutputSpec | None:
    if config is None:
        return None
    told = config["textFormat"]["structure"]["jsonSchema"]
    return OutputSpec(told["name"], json.loads(told["schema"]), told.get("description", ""), strict=False)


def _tool_choice(body: Json) -> str | None:
    match (body.get("toolConfig") or {}).get("toolChoice"):
        case {"tool": {"name": name}}:
            return name
        case {**choice}:
            return CHOICES[next(iter(choice))]
        case _:
            return None


def _tools(body: Json) -> list[RecordedTool]:
    tools: list[RecordedTool] = []
    for tool in (body.get("toolConfig") or {}).get("tools", ()):
        if "toolSpec" not in tool:
            raise CannotSay("a cache point between the tools, of one's own choice")
        spec = tool["toolSpec"]
        schema, strict = spec["inputSchema"]["json"], spec.get("strict", False)
        tools.append(RecordedTool(spec["name"], spec.get("description", ""), schema, strict))
    return tools


def _messages(entries: list[Json]) -> list[Message]:
    names: dict[str, str] = {}
    messages: list[Message] = []
    for entry in entries:
        blocks = [_block(block, names) for block in entry["content"]]
        results = tuple(block for block in blocks if isinstance(block, ToolResult))
        others = tuple(block for block in blocks if not isinstance(block, ToolResult))
        if results:
            messages.append(Message("tool", results))
        if others:
            messages.append(Message(entry["role"], others))
    return messages


def _block(block: Json, names: dict[str, str]) -> Block:
    ((kind, value),) = block.items()
    read = _BLOCKS.get(kind)
    return Opaque(PROVIDER, block) if read is None else read(value, names)


def _text(value: str, _: dict[str, str]) -> Block:
    return Text(value)


def _call(value: Json, names: dict[str, str]) -> Block:
    names[value["toolUseId"]] = value["name"]
    return ToolCall(value["toolUseId"], value["name"], value["input"], value["toolUseId"])


def _result(value: Json, names: dict[str, str]) -> Block:
    call_id, output = value["toolUseId"], ""
    texts = [part for part in value["content"] if "text" in part or "json" in part]
    if len(texts) > 1 or (texts and texts[0] is not value["content"][0]):
        raise CannotSay("a tool's result of several texts")
    for part in texts:
        output = part["text"] if "text" in part else to_json(part["json"]).decode()
    parts = tuple(_block(part, names) for part in value["content"] if part not in texts)
    media = tuple(part for part in parts if isinstance(part, Image | File))
    outcome = "error" if value.get("status") == "error" else "ok"
    return ToolResult(call_id, names.get(call_id, ""), output, outcome, media, call_id)


def _reasoning(value: Json, _: dict[str, str]) -> Block:
    if "reasoningText" not in value:
        return Opaque(PROVIDER, {"reasoningContent": value})
    told = value["reasoningText"]
    return Thinking(told["text"], told.get("signature"))


def _image(value: Json, _: dict[str, str]) -> Block:
    return Image(f"image/{value['format']}", **_source(value["source"]))


def _document(value: Json, _: dict[str, str]) -> Block:
    if "citations" in value:
        return Opaque(PROVIDER, {"document": value})
    return File(DOCUMENTS[value["format"]], **_source(value["source"]), name=value["name"])


def _video(value: Json, _: dict[str, str]) -> Block:
    return File(f"video/{value['format']}", **_source(value["source"]))


def _source(source: Json) -> Json:
    if "bytes" in source:
        return {"data": base64.b64decode(source["bytes"])}
    return {"url": source["s3Location"]["uri"]}


_BLOCKS: Mapping[str, Callable[[Any, dict[str, str]], Block]] = {
    "text": _text,
    "toolUse": _call,
    "toolResult": _result,
    "reasoningContent": _reasoning,
    "image": _image,
    "document": _document,
    "video": _video,
}


def _nova(body: Json, model: str, streaming: bool, exchange: Json) -> Decoded:
    inference = body.get("inferenceConfig") or {}
    if "schemaVersion" not in body:
        return "a body of Nova's without its version"
    inference = {"maxTokens" if name == "max_new_tokens" else name: value for name, value in inference.items()}
    rest = {name: value for name, value in body.items() if name != "schemaVersion"}
    return _converse({**rest, "inferenceConfig": inference}, model, streaming, exchange)


def _titan(body: Json, model: str, streaming: bool, exchange: Json) -> Decoded:
    config = body["textGenerationConfig"]
    settings = Settings(
        max_tokens=config.get("maxTokenCount"),
        temperature=config.get("temperature"),
        top_p=config.get("topP"),
        stop=tuple(config.get("stopSequences", ())),
    )
    return Request([Message("user", (Text(body["inputText"]),))], settings=settings, streaming=streaming), model


def _llama(body: Json, model: str, streaming: bool, exchange: Json) -> Decoded:
    _, *turns = body["prompt"].split("<|start_header_id|>")
    if not turns:
        return "a prompt that is no conversation"
    spoken = [turn.removesuffix(TURN_END).split(HEADER_END, 1) for turn in turns[:-1]]
    settings = Settings(
        max_tokens=body.get("max_gen_len"), temperature=body.get("temperature"), top_p=body.get("top_p")
    )
    return Request(
        [Message(role, (Text(words),)) for role, words in spoken], settings=settings, streaming=streaming
    ), model


def _claude(body: Json, model: str, streaming: bool, exchange: Json) -> Decoded:
    rest = {name: value for name, value in body.items() if name != "anthropic_version"}
    return _with_model(requests_anthropic.decode({**rest, "stream": streaming}, exchange), model)


def _chat(body: Json, model: str, streaming: bool, exchange: Json) -> Decoded:
    if "messages" not in body:
        return "a prompt that is no conversation"
    return _with_model(requests_openai_chat.decode({**body, "stream": streaming}, exchange), model)


def _with_model(decoded: Decoded, model: str) -> Decoded:
    return decoded if isinstance(decoded, str) else (decoded[0], model)


FAMILIES: Mapping[str, Callable[[Json, str, bool, Json], Decoded]] = {
    "anthropic.": _claude,
    "amazon.nova": _nova,
    "amazon.titan": _titan,
    "meta.": _llama,
}
"""By the beginning of a model's name."""
