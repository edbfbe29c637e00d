"""Picks models by patterns of their names."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from ..bus.errors import BadOption


def picks(patterns: Sequence[str], policy: str) -> Callable[[str], bool]:
    """Whether a name is one of these; ``*``, ``?`` and ``[...]`` stand for any characters. No pattern means any model.

    :raises BadOption: a pattern is no text; ``policy`` is who was given it.
    """
    for pattern in patterns:
        if not isinstance(pattern, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadOption(f"{policy}({pattern!r:.80}): name models, such as 'openai:*'")
    return lambda name: not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
