"""Recorded Chat Completions requests to Groq, read back into our own types."""

from collections.abc import Callable
from typing import Any

from loopbus.backends.contract import Request

from . import requests_openai_chat

decode: Callable[[dict[str, Any], dict[str, Any]], tuple[Request, str] | str] = requests_openai_chat.decode
