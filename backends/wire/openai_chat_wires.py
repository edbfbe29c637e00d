"""Chat Completions as a wire for each dialect of it."""

from dataclasses import replace
from urllib.parse import quote

from . import openai_chat_dialects as dialects
from .openai_chat import OPENAI_CHAT, chat_wire


def _deployment(model: str, _streaming: bool) -> str:
    return f"/openai/deployments/{quote(model, safe='')}/chat/completions"


OPENAI = chat_wire(dialects.OPENAI)
OPEN_WEIGHTS = chat_wire(dialects.OPEN_WEIGHTS)
DEEPSEEK = chat_wire(dialects.DEEPSEEK)
OPENROUTER = chat_wire(dialects.OPENROUTER)
ZAI = chat_wire(dialects.ZAI)
PERPLEXITY = chat_wire(dialects.PERPLEXITY)
ALIBABA = chat_wire(dialects.ALIBABA)
DEPLOYMENT = replace(OPENAI_CHAT, path=_deployment)
"""Azure's older address, which names the deployment and wants a version."""
