"""Requests of OpenAI Chat Completions out of ours.

Source of the format: https://platform.openai.com/docs/api-reference/chat/create.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_json

from ...events.content import (
    Audio,
    Block,
    File,
    Image,
    Media,
    Message,
    Opaque,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from ..contract import Request, Settings
from ..errors import Refused

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where those who speak Chat Completions differ.

    ``max_tokens`` and ``thinking`` are field names; an empty ``thinking`` leaves earlier reasoning out of the request.
    """

    max_tokens: str = "max_tokens"
    thinking: str = ""
    usage_in_stream: bool = True


CHAT = Dialect()

SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "temperature": float,
    ...
}
