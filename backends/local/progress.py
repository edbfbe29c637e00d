"""How far a download is, on standard error: a line that is rewritten, or a line for each tenth."""

import sys
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[int], None]
"""Is told how many bytes are there, on the event loop."""

WIDTH = 30
MEGABYTE = 1_000_000


class ProgressBar:
    """A ``Progress`` for people. ``stream`` is standard error if None."""

    def __init__(self, label: str, size: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._size = size
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._steps = 100 if self._live else 10
        self._step = -1

    def __call__(self, written: int) -> None:
        step = written * self._steps // self._size
        if step == self._step:
            return
        self._step = step
        self._stream.write(self._line(written))
        self._stream.flush()

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        # What is written next begins a line of its own.
        if self._live and self._step >= 0:
            self._stream.write("\n")
            self._stream.flush()

    def _line(self, written: int) -> str:
        share = written / self._size
        told = f"{self._label} {share:4.0%} of {self._size / MEGABYTE:,.0f} MB"
        if not self._live:
            return f"{told}\n"
        done = round(WIDTH * share)
        return f"\r{told} [{'#' * done}{'.' * (WIDTH - done)}]"
