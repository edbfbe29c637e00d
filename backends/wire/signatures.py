"""Signatures of reasoning and of calls: each goes back to who gave it, and to nobody else."""

from ...events.content import Thinking, ToolCall


def own_signature(block: Thinking | ToolCall, provider: str) -> str | None:
    """The signature that ``provider`` gave ``block``; None if nobody gave one, or another did.

    Others refuse the whole request for it. One of which nobody knows whose it is, as in an old log, goes back.
    """
    return block.signature if block.provider in ("", provider) else None
