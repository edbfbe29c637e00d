"""Every link of the README, the changelog and the docs that stays in the checkout leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .architecture import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links(page: str) -> Iterator[tuple[str, str]]:
    """Find the links of a page that name no other site: a path, which may be empty, and an anchor, which may be too."""
    for target in LINK.findall(FENCED.sub("", page)):
        path, _, anchor = target.partition("#")
        yield path, anchor


def anchors(page: str) -> set[str]:
    """Name a page's headings as a link does: in lower case, words joined by hyphens, no other punctuation."""
    headings = HEADING.findall(FENCED.sub("", page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead_on(page: Path) -> None:
    """The file is there, and so is the heading that the link names in it."""
    dead: list[str] = []
    for path, anchor in links(page.read_text("utf-8")):
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            dead.append(f"{path}#{anchor}" if anchor else path)
    assert not dead


def test_a_dead_link_is_seen() -> None:
    """The finder is not blind, and takes code and other sites for what they are."""
    page = "# One, two: *three*\n[a](b.md) [c](#d-e)\n```\n[no](link.md)\n# none\n```\n[far](https://example.org/x)\n"
    assert list(links(page)) == [("b.md", ""), ("", "d-e")]
    assert anchors(page) == {"one-two-three"}
