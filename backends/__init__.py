"""Speak to models: a request in, deltas out."""

from .contract import Backend, Capabilities, Delta, Reply, Request, Settings
from .errors import (
    BackendError,
    Broken,
    Busy,
    ContextOverflow,
    Garbled,
    Incomplete,
    Misunderstood,
    NotConfigured,
    Refused,
    ScriptExhausted,
)
from .fold import ReplyFold
from .known import resolve
from .openai_compatible import OpenAICompatible
from .script import call, fail, reply, text, thinking
from .scripted import Scripted
from .transport import Timeouts

__all__ = [
    "Backend",
    "BackendError",
    "Broken",
    "Busy",
    "Capabilities",
    "ContextOverflow",
    "Delta",
    "Garbled",
    "Incomplete",
    "Misunderstood",
    "NotConfigured",
    "OpenAICompatible",
    "Refused",
    "Reply",
    "ReplyFold",
    "Request",
    "ScriptExhausted",
    "Scripted",
    "Settings",
    "Timeouts",
    "call",
    "fail",
    "reply",
    "resolve",
    "text",
    "thinking",
]
