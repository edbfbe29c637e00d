"""Tells model requests apart by what they ask, whichever run asks it."""

import json
from collections.abc import Iterable
from dataclasses import fields
from hashlib import sha256
from typing import Any, cast

from ..events.content import Block, Message
from ..events.model import ModelRequested
from ..events.state import RunState
from .window import Window

_IDS = frozenset({"call_id", "provider_id"})
"""What differs from run to run though the same is said."""


def key_of(event: ModelRequested, state: RunState) -> str:
    """SHA-256, in hex, of model, instructions, tools, settings, and the conversation as the model is shown it."""
    instructions = state.instructions if event.instructions is None else event.instructions
    shown = Window(state.transcript.messages, event.messages, event.first, event.pinned)
    asked = [event.model, state.setup, instructions, _plain(shown)]
    return sha256(json.dumps(asked, sort_keys=True, default=_other).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(messages: Iterable[Message]) -> list[Any]:
    return [[message.role, [_said(block) for block in message.content]] for message in messages]


def _said(block: Block) -> dict[str, Any]:
    return {each.name: getattr(block, each.name) for each in fields(block) if each.name not in _IDS}


def _other(value: object) -> object:
    """What JSON does not know: bytes, and blocks within blocks."""
    if isinstance(value, bytes):
        return value.hex()
    return _said(cast("Block", value))
