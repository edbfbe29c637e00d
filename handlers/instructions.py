"""What a model is told before the conversation begins."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from ..events.frozen import whole

Instructions = str | Callable[[Any], str | Awaitable[str]]
"""A text, or a function of the run's ``deps``, sync or async, that gives one."""


async def written(instructions: Instructions, deps: Any) -> str:
    """The text of the instructions for a run with these ``deps``.

    :raises TypeError: the function gave something else than a text.
    :raises BadContent: the text holds half of a surrogate pair, which no model can be sent.
    """
    if isinstance(instructions, str):
        return instructions
    told = instructions(deps)
    text = await told if isawaitable(told) else told
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        name = getattr(instructions, "__qualname__", repr(instructions))
        raise TypeError(f"instructions must be a text, but {name}() gave {text!r:.80}")
    whole(text, f"what {getattr(instructions, '__qualname__', 'the instructions')}() gave")
    return text
