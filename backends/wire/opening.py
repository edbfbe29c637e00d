"""How a conversation begins whose beginning is not shown: many providers want a user to speak first."""

from typing import Any

Json = dict[str, Any]

OPENING = "(What was said before is left out.)"
"""What the user says then, as where a window begins with an answer."""


def opened(turns: list[Json], opening: Json) -> list[Json]:
    """The turns, with ``opening`` before them if the first is the model's."""
    return [opening, *turns] if turns and turns[0]["role"] != "user" else turns
