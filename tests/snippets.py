"""The Python snippets of a Markdown page: found, and run in order in one namespace, as a reader would type them.

Run it with a page's path, in an empty folder and a process of its own.
"""

import ast
import asyncio
import inspect
import re
import sys
from collections.abc import Iterator
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
    """Run a page's snippets and say how many there were. Where one awaits, all share one event loop."""
    module = ModuleType("snippets")
    sys.modules[module.__name__] = module
    ran = 0
    with asyncio.Runner() as runner:
        for snippet in snippets(path.read_text("utf-8")):
            if snippet.reason is None:
                run(compiled(snippet, path), module, runner)
                ran += 1
    return ran


def compiled(snippet: Snippet, path: Path) -> CodeType:
    """Compile a snippet so that its tracebacks show the page, at the right line."""
    source = "\n" * (snippet.line - 1) + snippet.source
    return compile(source, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def run(code: CodeType, module: ModuleType, runner: asyncio.Runner) -> None:
    """Run a snippet; one that does not await runs outside the loop, where ``run_sync`` has its place."""
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, vars(module))
        return

    async def awaits() -> None:
        await eval(code, vars(module))

    runner.run(awaits())


if __name__ == "__main__":
    print(f"{run_page(Path(sys.argv[1]))} snippets ran")
