"""Every Python snippet of the README and of the docs runs as it stands, and the README's picture is the table's."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from loopbus.runtime.turn import diagram

from .architecture import ROOT
from .snippets import Snippet, snippets

pytestmark = pytest.mark.usefixtures("unmeasured")

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_SNIPPETS = [page for page in PAGES if any(found.reason is None for found in snippets(page.read_text("utf-8")))]
PRINTED = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)
"""A snippet's own word for what a line prints."""
RUNNER = Path(__file__).with_name("snippets.py")


def run_page(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a page in a process of its own, as what it defines and registers is nobody else's business."""
    command = [sys.executable, "-W", "error", str(RUNNER), str(page)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=lambda page: page.name)
def test_the_snippets_run_of(page: Path, tmp_path: Path) -> None:
    """A reader can type a page in from top to bottom; no step raises or warns, and no step leaves a mess behind."""
    done = run_page(page, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = [found.source for found in snippets(page.read_text("utf-8")) if found.reason is None]
    assert done.stdout.endswith(f"{len(ran)} snippets ran\n")
    lines = iter(done.stdout.splitlines())
    untrue = [said for source in ran for said in PRINTED.findall(source) if said not in lines]
    assert not untrue, f"{page.name} says that it prints {untrue}, and it printed:\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_snippet_escapes_on(page: Path) -> None:
    """Each fence that looks like Python's is found, so none is left out for a slip in its head."""
    text = page.read_text("utf-8")
    fences = [line for line in text.splitlines() if line.lstrip().lower().startswith(("```py", "~~~py"))]
    assert len(fences) == len(list(snippets(text)))


def test_a_snippet_that_is_wrong_fails_its_page(tmp_path: Path) -> None:
    """The runner is not blind: it names the page and the line, whether or not the snippet awaits."""
    for source in ("1 / 0", "import asyncio\nawait asyncio.sleep(0)\n1 / 0"):
        page = tmp_path / "page.md"
        page.write_text(f"# A page\n\n```python\nx = 1\n```\n\nSome words.\n\n```python\n{source}\n```\n", "utf-8")
        done = run_page(page, tmp_path)
        assert done.returncode != 0
        assert f'page.md", line {9 + len(source.splitlines())}, in <module>' in done.stderr


def test_snippets_of_a_page_share_one_namespace_and_one_loop(tmp_path: Path) -> None:
    """What one snippet defines or starts, a later one may use; a block that is marked is passed over."""
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nimport asyncio\nassert asyncio.run(asyncio.sleep(0, 1)) == 1\n```\n"
        "```python\nloop = asyncio.get_running_loop()\nawait asyncio.sleep(0)\n```\n"
        "<!-- not run: it stands for an accident -->\n```python\nraise SystemExit(3)\n```\n"
        "```python\nassert asyncio.get_running_loop() is loop\n```\n",
        "utf-8",
    )
    done = run_page(page, tmp_path)
    assert (done.returncode, done.stdout) == (0, "3 snippets ran\n"), done.stderr


def test_a_block_that_cannot_run_says_why() -> None:
    """The mark needs a reason, stands right before the block, and covers that block only."""
    page = "<!-- not run: needs a key -->\n```python\na\n```\n```python\nb\n```\n<!-- not run: -->\n```python\nc\n```\n"
    assert list(snippets(page)) == [
        Snippet(3, "a\n", "needs a key"),
        Snippet(6, "b\n", None),
        Snippet(10, "c\n", None),
    ]


def test_the_picture_of_the_loop_is_drawn_from_the_table() -> None:
    """The README shows the turn order that the runtime enforces, edge by edge."""
    assert f"```mermaid\n{diagram()}\n```\n" in (ROOT / "README.md").read_text("utf-8")
