"""A screen for what is no terminal: plain lines, one after the other."""

from collections.abc import Mapping
from typing import TextIO

from .progress import Progress, Result
from .screen import Kind

_MARKS: Mapping[Kind, str] = {"begin": "> ", "thinking": "~ ", "note": "- ", "bad": "! "}


class PlainScreen:
    """Writes whole lines, each flushed at once; where several runs go on, each line says whose it is."""

    live = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._runs: Mapping[str, Progress] = {}
        self._several = False

    def show(self, run: Progress, kind: Kind, text: str) -> None:
        self._write(run, "\n".join(f"{_MARKS.get(kind, '')}{line}" for line in text.splitlines()))

    def show_result(self, run: Progress, result: Result) -> None:
        output = "".join(f"\n    {line}" for line in result.output.splitlines())
        self._write(run, f"{result.words}: {result.outcome}, {result.elapsed_s:.2f} s{output}")

    def begin(self, runs: Mapping[str, Progress]) -> None:
        self._runs = runs

    def end(self) -> None:
        self._several = False

    def _write(self, run: Progress, text: str) -> None:
        self._several = self._several or len(self._runs) > 1
        prefix = f"[{run.tag}] " if self._several else ""
        lines = "".join(f"{prefix}{line}\n" for line in text.splitlines())
        # One write for all lines: what others write to the same stream comes before or after them.
        self._stream.write(lines.encode(self._encoding, "backslashreplace").decode(self._encoding))
        self._stream.flush()
