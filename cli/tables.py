"""Tables for people: as wide as the terminal, or where there is none, one line for each row."""

import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from shutil import get_terminal_size

from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 1000


def as_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows below their heads; text is shown as it is, whatever is in it."""
    paper = StringIO()
    width = get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(file=paper, width=width, highlight=False, markup=False, emoji=False)
    table = Table(*heads, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())
