"""The generated event reference says what the event classes say."""

import subprocess
import sys
from pathlib import Path

import pytest

from loopbus.bus import known_events

from .architecture import ROOT

pytestmark = pytest.mark.usefixtures("unmeasured")

SCRIPT = ROOT / "scripts" / "reference.py"
PAGE = ROOT / "docs" / "reference" / "events.md"


def test_the_event_reference_is_up_to_date() -> None:
    """The page in the docs is the one that the classes give now."""
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_event_of_ours_is_in_the_reference() -> None:
    """With a heading of its own and a line in the table; an application's are not."""
    page = PAGE.read_text("utf-8")
    for each in known_events():
        own = each.__module__.startswith("loopbus.")
        assert (f"\n### `{each.event_name}`\n" in page) == own
        assert (f"| [`{each.event_name}`](#{each.event_name.lower()}) |" in page) == own


def test_a_page_that_is_out_of_date_is_noticed_and_can_be_written_anew(tmp_path: Path) -> None:
    """In a checkout of its own: an old page fails the check, which says what to do; doing that mends it."""
    script, page = tmp_path / "scripts" / SCRIPT.name, tmp_path / "docs" / "reference" / PAGE.name
    script.parent.mkdir()
    page.parent.mkdir(parents=True)
    script.write_text(SCRIPT.read_text("utf-8"), "utf-8")
    page.write_text("# Old\n", "utf-8")
    command = [sys.executable, str(script)]
    stale = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False, timeout=60)
    assert stale.returncode == 1
    assert "run python scripts/reference.py" in stale.stderr
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert page.read_text("utf-8") == PAGE.read_text("utf-8")
