"""A screen for a terminal: what stays scrolls by, what happens right now is redrawn below it."""

import sys
import time
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from .progress import Progress, Result
from .screen import Kind

_STYLES: Mapping[Kind, str] = {
    "begin": "bold cyan",
    "text": "",
    "thinking": "dim italic",
    "note": "yellow",
    "good": "green",
    "bad": "bold red",
}
_MARKS: Mapping[Kind, str] = {"begin": "> ", "note": "• ", "good": "✓ ", "bad": "✗ "}
_OUTCOMES: Mapping[str, str] = {"ok": "green", "cancelled": "yellow", "denied": "yellow"}
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_RESULT_LINES = 12
_PER_SECOND = 10


class LiveScreen:
    """Redraws the bottom of a terminal ten times a second, in a thread of rich's own that only reads.

    What is redrawn never takes more lines than the terminal has. Text that others print to the same terminal meanwhile
    is put above it.
    """

    live = True

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live: Live | None = None
        self._runs: Mapping[str, Progress] = {}
        self._several = False

    def show(self, run: Progress, kind: Kind, text: str) -> None:
        body = Text(_MARKS.get(kind, "") + text, style=_STYLES[kind])
        self._print(self._tagged(run, body))

    def show_result(self, run: Progress, result: Result) -> None:
        lines = result.output.splitlines()
        left = len(lines) - _RESULT_LINES
        body = "\n".join([*lines[:_RESULT_LINES], *([f"... {left} more lines"] if left > 0 else [])])
        colour = _OUTCOMES.get(result.outcome, "red")
        panel = Panel(
            Text(body),
            title=self._tagged(run, Text(result.words, no_wrap=True, overflow="ellipsis")),
            title_align="left",
            subtitle=Text(f"{result.outcome}, {result.elapsed_s:.2f} s", style=colour),
            subtitle_align="right",
            border_style=f"dim {colour}",
            expand=False,
        )
        self._print(panel)

    def begin(self, runs: Mapping[str, Progress]) -> None:
        self._runs = runs
        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self._region,
                refresh_per_second=_PER_SECOND,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),
                redirect_stderr=sys.stderr.isatty(),
            )
            self._live.start()

    def end(self) -> None:
        live, self._live = self._live, None
        self._runs, self._several = {}, False
        if live is not None:
            live.stop()

    def redraw(self) -> None:
        """Draw now what happens right now, instead of within a tenth of a second."""
        if self._live is not None:
            self._live.refresh()

    def _print(self, what: RenderableType) -> None:
        # It goes above the last drawing, and that may still show what is printed now.
        self.redraw()
        self._console.print(what)

    def _tagged(self, run: Progress, text: Text) -> Text:
        self._several = self._several or len(self._runs) > 1
        if not self._several:
            return text
        return Text.assemble((f"[{run.tag}] ", "dim"), text, no_wrap=text.no_wrap, overflow=text.overflow)

    def _region(self) -> Group:
        """Everything that happens right now, in at most as many lines as there are."""
        runs = tuple(self._runs.values())
        room = max(self._console.height - 1, 1)
        shown = runs[: max(room // 2, 1)]
        hidden = len(runs) - len(shown)
        for_bodies = room - len(shown) - (hidden > 0)
        lines: list[Text] = []
        for run in shown:
            lines += self._body(run, for_bodies // len(shown))
            lines.append(self._status(run))
        if hidden:
            lines.append(_line(f"... and {hidden} more runs", "dim"))
        return Group(*lines)

    def _body(self, run: Progress, room: int) -> list[Text]:
        """The last lines of what is being written, and the tools that run."""
        if room < 1:
            return []
        calls = tuple(run.calls.values())[-room:]
        lines = [_line(f"{_frame()} {call.summary(time.time())}", "magenta") for call in calls]
        left = room - len(lines)
        if not run.tail or not left:
            return lines
        written = Text(run.tail).wrap(self._console, self._console.width)
        return [*written[-left:], *lines]

    def _status(self, run: Progress) -> Text:
        return self._tagged(run, _line(f"{_frame()} turn {run.turn}, {run.figures(time.time())}", "dim"))


def _line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _frame() -> str:
    return _FRAMES[int(time.time() * _PER_SECOND) % len(_FRAMES)]
