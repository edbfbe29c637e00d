"""What a model is told before the conversation begins."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import Any, cast

from ..bus.options import takes
from ..events.frozen import whole

Told = str | Awaitable[str]
OfDeps = str | Callable[[Any], Told]
"""A text, or a function of the run's ``deps`` that gives one."""
Instructions = OfDeps | Callable[[], Told]
"""A text, or a function, sync or async, that gives one: of the run's ``deps``, or of nothing."""


def of_deps(instructions: Instructions) -> OfDeps:
    """The same instructions, to be asked with the ``deps``: a function that takes none is not told them."""
    if isinstance(instructions, str) or takes(instructions, 1):
        return cast("OfDeps", instructions)
    of_nothing = cast("Callable[[], Told]", instructions)

    @wraps(of_nothing)
    def whoever_asks(_: Any) -> Told:
        return of_nothing()

    return whoever_asks


async def written(instructions: OfDeps, deps: Any) -> str:
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
