"""Chat Completions as Groq speaks it.

Source of the format: https://console.groq.com/docs/api-reference.
"""

from dataclasses import replace

from .openai_chat import chat_wire
from .openai_chat_dialects import Dialect

GROQ = Dialect(max_tokens="max_completion_tokens", thinking=("reasoning",), usage_in_stream=False, refusals=False)
"""A stream tells its usage unasked; a field that Groq does not know, it refuses."""

GROQ_CHAT = replace(chat_wire(GROQ), name="groq.chat")
"""Under a base URL such as ``https://api.groq.com/openai/v1``."""
