"""What a screen can be asked to show."""

from collections.abc import Mapping
from typing import Literal, Protocol

from .progress import Progress, Result

Kind = Literal["begin", "text", "thinking", "note", "good", "bad"]


class Screen(Protocol):
    """Shows what happened, one below the other, and if it can, what happens right now."""

    live: bool
    """Whether it shows messages while they are written."""

    def show(self, run: Progress, kind: Kind, text: str) -> None:
        """Show a text that stays. It is printable already."""
        ...

    def show_result(self, run: Progress, result: Result) -> None:
        """Show a tool call and what came of it."""
        ...

    def begin(self, runs: Mapping[str, Progress]) -> None:
        """Show from now on what happens right now in ``runs``, which goes on changing."""
        ...

    def end(self) -> None:
        """Stop that, and leave the terminal as it was. Twice is harmless."""
        ...
