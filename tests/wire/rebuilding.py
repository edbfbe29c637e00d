"""Rebuilds recorded requests from our own types: each wire's decoder reads the body, the wire itself writes it anew."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from loopbus.backends.contract import Request

from ..backends.recorded import Recording
from . import (
    requests_anthropic,
    requests_bedrock,
    requests_cohere,
    requests_gemini,
    requests_groq,
    requests_mistral,
    requests_ollama,
    requests_openai_chat,
    requests_openai_responses,
)
from .alike import alike
from .answering import WAYS, replay
from .decoding import restored

Json = dict[str, Any]

ADDED: Mapping[str, str] = {
    "model": "where the address names the model, a body need not",
    "stream_options": "a stream is always asked for its usage",
}
"""What may stand in our body and not in the recorded one."""

ABSENT = "(absent)"


class Decoder(NamedTuple):
    """How to read a body, and how to write it in the one way in which two that mean the same are equal."""

    decode: Callable[[Json, Json], tuple[Request, str] | str]
    """The request and its model, or why our types cannot say what the body says."""
    same: Callable[[Json], Json] = alike


DECODERS: Mapping[str, Decoder] = {
    "anthropic.messages": Decoder(requests_anthropic.decode, requests_anthropic.spelled_out),
    "bedrock.converse": Decoder(requests_bedrock.decode, requests_bedrock.spelled_out),
    "bedrock.invoke": Decoder(requests_bedrock.decode, requests_bedrock.spelled_out),
    "cohere.chat": Decoder(requests_cohere.decode),
    "cohere.chat_v1": Decoder(requests_cohere.decode_v1),
    "gemini.generateContent": Decoder(requests_gemini.decode, requests_gemini.spelling),
    "groq.chat": Decoder(requests_groq.decode),
    "mistral.chat": Decoder(requests_mistral.decode),
    "ollama.chat": Decoder(requests_ollama.decode),
    "ollama.generate": Decoder(requests_ollama.decode_prompt),
    "openai.chat": Decoder(requests_openai_chat.decode),
    "openai.responses": Decoder(requests_openai_responses.decode, requests_openai_responses.spelled_out),
}
"""By ``api``."""


async def rebuild(recording: Recording) -> str:
    """Why the request cannot be built again, as ``cause: where``; empty if the same JSON came out."""
    decoder = DECODERS.get(recording.api)
    if decoder is None:
        return f"no decoder for {recording.api}"
    body = cast("Json", restored(recording.request.body))
    decoded = decoder.decode(body, recording.entry)
    if isinstance(decoded, str):
        return decoded
    sent: list[bytes] = []
    outcome = await replay(recording, WAYS["whole"], *decoded, sent=sent)
    if not sent:
        return f"was not sent: {outcome.result}"
    got: Json = from_json(sent[0])
    kept = {name: value for name, value in got.items() if name in body or name not in ADDED}
    return difference(decoder.same(body), decoder.same(kept))


def difference(expected: Any, got: Any, where: str = "body") -> str:
    """Where two JSON values differ first, as ``cause: where``; empty if they are the same but for the order of keys."""
    if isinstance(expected, dict) and isinstance(got, dict):
        left, right = cast("Json", expected), cast("Json", got)
        pairs = [(f"{where}.{name}", left.get(name, ABSENT), right.get(name, ABSENT)) for name in left | right]
        return _first(pairs)
    if isinstance(expected, list) and isinstance(got, list):
        before, after = cast("list[Any]", expected), cast("list[Any]", got)
        if len(before) == len(after):
            return _first([(where, *pair) for pair in zip(before, after, strict=True)])
    return "" if expected == got else f"{where}: {expected!r:.80} became {got!r:.80}"


def _first(pairs: list[tuple[str, Any, Any]]) -> str:
    return next(filter(None, (difference(before, after, where) for where, before, after in pairs)), "")
