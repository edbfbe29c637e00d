"""The results in a tool's message, which holds nothing else."""

from collections.abc import Iterator

from ...events.content import Message, ToolResult
from ..errors import Refused


def results_of(message: Message) -> Iterator[ToolResult]:
    """The results, in order.

    :raises Refused: the message holds something else.
    """
    for block in message.content:
        if not isinstance(block, ToolResult):
            raise Refused(f"a tool's message holds tool results, not {type(block).__name__}")
        yield block
