"""OpenRouter's signed reasoning: told in pieces, sent back whole.

Source of the format: https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning. The words themselves
come a second time as ``reasoning``; what is kept here are the signatures and what is encrypted.
"""

from collections.abc import Sequence
from typing import Any

from .fields import items, text

Json = dict[str, Any]

WORDS = ("text", "summary")
"""Fields that grow from piece to piece."""


class ReasoningDetails:
    """Joins the pieces of one answer: those in a row of one type and index are one entry."""

    def __init__(self) -> None:
        self._entries: list[Json] = []
        self._words: list[dict[str, list[str]]] = []

    def add(self, pieces: Any) -> None:
        """Take in the next pieces.

        :raises TypeError: they are no list of objects with text in them.
        """
        for piece in items(pieces):
            fields: Json = dict(piece)
            if not self._entries or _place(fields) != _place(self._entries[-1]):
                self._entries.append({})
                self._words.append({})
            for name in WORDS:
                if (words := fields.pop(name, None)) is not None:
                    self._words[-1].setdefault(name, []).append(text(words))
            self._entries[-1] |= {name: value for name, value in fields.items() if value is not None}

    def whole(self) -> Sequence[Json]:
        """Every entry, in the order in which they began."""
        pairs = zip(self._entries, self._words, strict=True)
        return [{**entry, **{name: "".join(told) for name, told in words.items()}} for entry, words in pairs]


def _place(fields: Json) -> tuple[Any, Any, Any]:
    return fields.get("type"), fields.get("index"), fields.get("id")
