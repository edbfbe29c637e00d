"""The Python snippets of a Markdown page: found, and run in order in one namespace, as a reader would type them.

Run it with a page's path, in an empty folder and a process of its own.
"""

import ast
import asyncio
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

FENCE = re.compile(
    r"(?:^<!-- not run: (?P<reason>\S[^\n]*?) -->\n)?^```python\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Snippet(NamedTuple):
    """One fenced block of Python; ``line`` is where its source begins, and a ``reason`` says why it cannot run."""

    line: int
    source: str
    reason: str | None


def snippets(page: str) -> Iterator[Snippet]:
    """Find the snippets of a page."""
    for block in FENCE.finditer(page):
        yield Snippet(page.count("\n", 0, block.start("source")) + 1, block["source"], block["reason"])


def run_page(path: Path) -> int:
    """Run a page's snippets and say how many there were.

    The first ones run outside of any event loop, where ``run_sync`` has its place. From the first one that awaits on,
    all run in one loop.
    """
    module = ModuleType("snippets")
    sys.modules[module.__name__] = module
    page = path.read_text("utf-8")
    codes = [compiled(snippet, path) for snippet in snippets(page) if snippet.reason is None]
    rest = iter(codes)
    for code in rest:
        if awaits(code):
            asyncio.run(run_in_loop(chain([code], rest), module))
        else:
            exec(code, vars(module))
    return len(codes)


async def run_in_loop(codes: Iterable[CodeType], module: ModuleType) -> None:
    """Run snippets, awaiting those that want it."""
    for code in codes:
        waiting = eval(code, vars(module))
        if awaits(code):
            await waiting


def awaits(code: CodeType) -> bool:
    """Whether a compiled snippet has an ``await`` at its top level."""
    return bool(code.co_flags & inspect.CO_COROUTINE)


def compiled(snippet: Snippet, path: Path) -> CodeType:
    """Compile a snippet so that its tracebacks show the page, at the right line."""
    source = "\n" * (snippet.line - 1) + snippet.source
    return compile(source, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


if __name__ == "__main__":
    print(f"{run_page(Path(sys.argv[1]))} snippets ran")
