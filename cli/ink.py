"""Lines as wide as a terminal and in colours where there is one; plain ones anywhere else."""

from io import StringIO
from shutil import get_terminal_size
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text


class Ink:
    """Makes texts for ``stream``. ``columns`` is how wide its terminal is; None where it is none.

    Colours are left out too where the environment wants none (``NO_COLOR``, ``TERM=dumb``).
    """

    def __init__(self, stream: TextIO) -> None:
        self.columns = get_terminal_size().columns if stream.isatty() else None
        self._paper = StringIO()
        self._console = Console(
            file=self._paper, force_terminal=self.columns is not None, highlight=False, markup=False, emoji=False
        )

    def painted(self, text: str, style: str) -> str:
        """A text, which is printable already, in rich's ``style`` and with a line end."""
        if self.columns is None or not style:
            return f"{text}\n"
        self._console.print(Text(text, style), soft_wrap=True)
        painted = self._paper.getvalue()
        self._paper.seek(0)
        self._paper.truncate()
        return painted

    def wrapped(self, text: str, room: int) -> list[str]:
        """A text as lines of ``room`` columns, of which wide characters take two."""
        if cell_len(text) <= room:
            return [text]
        return [line.plain.rstrip() for line in Text(text).wrap(self._console, room)]
