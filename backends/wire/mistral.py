"""Chat Completions as Mistral speaks it.

Source of the format: https://docs.mistral.ai/api/endpoint/chat. It names some fields otherwise, refuses any that it
does not know, keeps reasoning among the parts of a message, and takes ids of calls of nine letters and digits only.
"""

import re
from dataclasses import replace
from hashlib import blake2s
from typing import Any

from ...events.content import Audio, Block, File, Message, Opaque, Refusal, Text, Thinking, ToolCall
from ..contract import Request, Settings
from .media import data_url, input_audio
from .openai_chat import ChatReader
from .openai_chat_dialects import Dialect, Json
from .openai_chat_request import encode as encode_chat
from .own import own_signature
from .sse import SseReader
from .wire import Wire

_CALL_ID = re.compile(r"[A-Za-z0-9]{9}")


def encode(request: Request, model: str, *, provider: str = "mistral") -> Json:
    """The body of the HTTP request: what Mistral says in words of its own is said here, the rest by Chat Completions.

    Ids of calls that others gave are replaced by hashes of them, so the same history always gets the same.

    :raises Refused: a message holds a block that this wire cannot carry.
    """
    ids = _Ids()
    own = replace(
        request,
        messages=[_own(message, provider, ids) for message in request.messages],
        settings=_settings(request.settings, tools=bool(request.tools)),
    )
    body = encode_chat(own, model, provider=provider, dialect=MISTRAL)
    turns = body["messages"]
    if turns and turns[-1]["role"] == "assistant" and "tool_calls" not in turns[-1]:
        # A reply to go on with, such as one that another provider paused.
        turns[-1]["prefix"] = True
    return body


def _settings(settings: Settings, *, tools: bool) -> Settings:
    own: Json = {}
    if settings.seed is not None:
        own["random_seed"] = settings.seed
    if tools and settings.tool_choice == "required":
        own["tool_choice"] = "any"
    return replace(settings, seed=None, extra_body={**own, **settings.extra_body})


def _own(message: Message, provider: str, ids: "_Ids") -> Message:
    if message.role != "assistant":
        return message
    blocks: list[Block] = []
    parts: list[Any] = []
    for block in message.content:
        match block:
            case Thinking():
                parts.append(_thinking(block, provider))
            case Text(words) | Refusal(words):
                blocks.append(Text(words))
                parts.append({"type": "text", "text": words})
            case ToolCall():
                blocks.append(replace(block, provider_id=ids.of(block)))
            case _:
                blocks.append(block)
    if any(part["type"] == "thinking" for part in parts):
        blocks.append(Opaque(provider, {"content": parts}))
    return replace(message, content=tuple(blocks))


def _thinking(block: Thinking, provider: str) -> Json:
    part: Json = {"type": "thinking", "thinking": [{"type": "text", "text": block.text}]}
    signature = own_signature(block, provider)
    return part if signature is None else {**part, "signature": signature}


class _Ids:
    """Gives every call an id that Mistral takes and that is unique in the request."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, call: ToolCall) -> str:
        """The id for the next call: the provider's own, if it will do."""
        word = call.provider_id or call.call_id
        while not _CALL_ID.fullmatch(word) or word in self._taken:
            word = blake2s(word.encode(errors="surrogatepass"), digest_size=5).hexdigest()[:9]
        self._taken.add(word)
        return word


def _document(file: File) -> Json:
    part: Json = {"type": "document_url", "document_url": data_url(file)}
    return {**part, "document_name": file.name} if file.name else part


def _audio(audio: Audio) -> Json:
    return input_audio(audio) if audio.url is None else {"type": "input_audio", "input_audio": audio.url}


MISTRAL = Dialect(usage_in_stream=False, parts={File: _document, Audio: _audio})
"""A stream tells its usage unasked."""

MISTRAL_CHAT = Wire(
    name="mistral.chat",
    encode=encode,
    path=lambda _model, _streaming: "/chat/completions",
    frames=SseReader,
    answer=ChatReader,
)
"""Under a base URL such as ``https://api.mistral.ai/v1``."""
