"""Sees to it that every tool call of a reply has an id of its own, whatever a policy has put into the reply."""

from dataclasses import replace

from ..events.content import Block, ToolCall
from ..events.model import ModelReplied


def numbered(judged: ModelReplied, reply: ModelReplied | None = None) -> ModelReplied:
    """What policies made of ``reply``: calls that were in it keep their ids, each once; every other gets a new one.

    A reply that is all theirs has only new ones. Two calls with one id could never both be answered, and an id of an
    earlier turn would be answered already.
    """
    known = (
        {block.call_id for block in reply.content if isinstance(block, ToolCall)} if reply is not None else set[str]()
    )
    content: list[Block] = []
    for place, block in enumerate(judged.content):
        if isinstance(block, ToolCall) and block.call_id not in known:
            block = replace(block, call_id=f"turn{judged.turn}.policy.{place}")
        elif isinstance(block, ToolCall):
            known.remove(block.call_id)
        content.append(block)
    return judged.model_copy(update={"content": tuple(content)})
