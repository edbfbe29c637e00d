"""Prompts to Ollama's own API: requests out of ours, and the wire.

Source of the format: https://docs.ollama.com/api/generate.
"""

from ...events.content import Image, Message, Text
from ..contract import Request
from ..errors import Refused
from .json_lines import JsonLinesReader
from .ollama import OllamaReader
from .ollama_options import Json, options, picture
from .wire import Wire


def encode(request: Request, model: str, *, provider: str = "ollama") -> Json:
    """The body of the HTTP request: one user's message as the prompt, instructions and system messages before it.

    :raises Refused: the request is a conversation, or holds what a prompt cannot: tools, sound, files.
    """
    if request.tools:
        raise Refused("a prompt to Ollama has no tools: use the chat wire")
    *before, last = request.messages or [Message("system", ())]
    if last.role != "user" or any(message.role != "system" for message in before):
        raise Refused("a prompt to Ollama is one user's message, system messages before it: use the chat wire")
    body: Json = {"model": model, "prompt": ""}
    for block in last.content:
        match block:
            case Text(words):
                body["prompt"] += words
            case Image():
                body.setdefault("images", []).append(picture(block))
            case _:
                raise Refused(f"a prompt to Ollama is text and pictures, not a {type(block).__name__}")
    system = [words for words in (request.instructions, *(message.text for message in before)) if words]
    if system:
        body["system"] = "\n\n".join(system)
    return {**body, **options(request)}


OLLAMA_GENERATE = Wire(
    name="ollama.generate",
    encode=encode,
    path=lambda _model, _streaming: "/api/generate",
    frames=JsonLinesReader,
    answer=OllamaReader,
    accept="application/x-ndjson",
)
"""Prompts to Ollama, under a base URL such as ``http://127.0.0.1:11434``."""
