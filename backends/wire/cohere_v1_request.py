"""Requests of Cohere's Chat, version 1, out of ours: a conversation of texts, for models that know no other.

Source of the format: https://docs.cohere.com/v1/reference/chat.
"""

from collections.abc import Mapping
from typing import Any

from ...events.content import Message, Opaque, Refusal, Role, Text, Thinking
from ..contract import Request
from ..errors import Refused
from .cohere_request import write_sampling

ROLES: Mapping[Role, str] = {"system": "SYSTEM", "user": "USER", "assistant": "CHATBOT", "tool": "TOOL"}


def encode(request: Request, model: str, *, provider: str = "cohere") -> dict[str, Any]:
    """The body of the HTTP request. The last message is the one to answer.

    :raises Refused: the request holds anything but text, or its last message is no user's.
    """
    if request.tools or request.output is not None:
        raise Refused("version 1 of Cohere's Chat is spoken for text alone: use version 2 for tools and schemas")
    *earlier, last = [(ROLES[message.role], _text(message)) for message in request.messages] or [("", "")]
    if last[0] != "USER":
        raise Refused("version 1 of Cohere's Chat answers a user's message: the last one must be one")
    settings = request.settings
    preamble = {"preamble": request.instructions} if request.instructions else {}
    return {
        "message": last[1],
        "model": model,
        "chat_history": [{"role": role, "message": words} for role, words in earlier],
        "stream": request.streaming,
        **preamble,
        **write_sampling(settings),
        **settings.extra_body,
    }


def _text(message: Message) -> str:
    words: list[str] = []
    for block in message.content:
        match block:
            case Text(part) | Refusal(part):
                words.append(part)
            case Thinking() | Opaque():
                # Nothing that this version takes back.
                pass
            case _:
                raise Refused(f"version 1 of Cohere's Chat is spoken for text alone, not for a {type(block).__name__}")
    return "".join(words)
