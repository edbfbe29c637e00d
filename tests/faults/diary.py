"""What processes that are killed leave behind beside their log: a file to which each line is written at once."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

Note = dict[str, Any]


class Diary:
    """A file of notes that outlives whoever writes it: a note is with the system when ``note`` returns.

    Each process that opens it goes on where the one before broke off.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._asked = Counter((note["errand"], note["turn"]) for note in notes(path) if note["what"] == "asked")

    def note(self, what: str, **details: object) -> None:
        """Write down that something has happened."""
        # The line break comes first: what a kill has torn does not run into the next note.
        os.write(self._file, b"\n" + json.dumps({"what": what, **details}).encode())

    def asked(self, errand: str, turn: int) -> int:
        """Note that the model was asked for a reply; the answer is how often it was asked for this one before."""
        self.note("asked", errand=errand, turn=turn)
        before = self._asked[errand, turn]
        self._asked[errand, turn] += 1
        return before

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def notes(path: str | Path) -> Iterator[Note]:
    """Everything that was noted, in order; what a kill has torn was not."""
    for line in Path(path).read_text().splitlines():
        with suppress(json.JSONDecodeError):
            yield json.loads(line)
