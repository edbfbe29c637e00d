"""A small terminal: it understands what rich writes, and nothing that could come from a model."""

import io
import re

from rich.cells import cell_len

_TOKENS = re.compile(
    r"\x1b\[(?P<private>\??)(?P<number>\d*(?:;\d+)*)(?P<command>[A-Za-z])|(?P<other>[\x00-\x1f\x7f-\x9f])|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)


class Terminal(io.StringIO):
    """What was written, as the lines that somebody would see, those that have scrolled away included."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        super().__init__()
        self.width = width
        self.height = height
        self.lines = [""]
        self.row = 0
        self.column = 0
        self.cursor_is_visible = True

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        """Every line there is, without blanks at the ends."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip()

    @property
    def visible(self) -> list[str]:
        """The lines that are on the screen now."""
        return [line.rstrip() for line in self.lines[-self.height :]]

    def write(self, text: str, /) -> int:
        rest = _TOKENS.sub(self._take, text)
        assert not rest, f"not understood: {rest!r}"
        return len(text)

    def _take(self, token: re.Match[str]) -> str:
        if token["text"]:
            self._put(token["text"])
        elif token["command"]:
            self._obey(token["private"] + token["command"], token["number"])
        elif token["other"] == "\n":
            self._down()
        elif token["other"] == "\r":
            self.column = 0
        else:
            raise AssertionError(f"a control character reached the terminal: {token['other']!r}")
        return ""

    def _obey(self, command: str, number: str) -> None:
        match command, number:
            case "A", _:
                self.row -= int(number)
                assert self.row >= max(len(self.lines) - self.height, 0), "the cursor went above the screen"
            case "K", "2":
                self.lines[self.row] = ""
            case "m", _:
                pass
            case "?l" | "?h", "25":
                self.cursor_is_visible = command == "?h"
            case _:
                raise AssertionError(f"an escape sequence reached the terminal: {command} {number}")

    def _put(self, text: str) -> None:
        for character in text:
            if self.column + cell_len(character) > self.width:
                self._down()
            line = self.lines[self.row]
            line += " " * (self.column - cell_len(line))
            assert cell_len(line) <= self.column or line[self.column :] == "", "something was written over"
            self.lines[self.row] = line + character
            self.column += cell_len(character)

    def _down(self) -> None:
        self.row += 1
        self.column = 0
        if self.row == len(self.lines):
            self.lines.append("")
