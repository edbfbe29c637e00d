"""The models that can be asked for by name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic import SecretStr

from .contract import Backend
from .errors import NotConfigured
from .openai_compatible import OpenAICompatible
from .wire.openai_chat_request import CHAT, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One row of the table.

    ``url_variable`` and ``key_variable`` name the environment variables that override ``base_url`` and hold the key;
    a provider of one's own machine needs no key, but takes one.
    """

    base_url: str
    url_variable: str = ""
    key_variable: str = ""
    needs_key: bool = False
    dialect: Dialect = CHAT


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(
        base_url="https://api.openai.com/v1",
        url_variable="OPENAI_BASE_URL",
        key_variable="OPENAI_API_KEY",
        needs_key=True,
        dialect=Dialect(max_tokens="max_completion_tokens"),
    ),
    "ollama": Provider(base_url="http://127.0.0.1:11434/v1", url_variable="OLLAMA_BASE_URL"),
    "lmstudio": Provider(base_url="http://127.0.0.1:1234/v1", url_variable="LMSTUDIO_BASE_URL"),
    "vllm": Provider(base_url="http://127.0.0.1:8000/v1", url_variable="VLLM_BASE_URL", key_variable="VLLM_API_KEY"),
}
