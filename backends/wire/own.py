"""What one provider gave and only it takes back: signatures, and blocks that we do not look into."""

from typing import Any

from ...events.content import Opaque, Thinking, ToolCall


def own_signature(block: Thinking | ToolCall, provider: str) -> str | None:
    """The signature that ``provider`` gave ``block``; None if nobody gave one, or another did.

    Others refuse the whole request for it. One of which nobody knows whose it is, as in an old log, goes back.
    """
    return block.signature if block.provider in ("", provider) else None


def own_fields(block: Opaque, provider: str) -> dict[str, Any] | None:
    """A copy of what ``block`` holds, if it is an object of ``provider``'s."""
    return dict(block.data) if block.provider == provider and isinstance(block.data, dict) else None
