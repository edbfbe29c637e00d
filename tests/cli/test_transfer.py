"""``loopbus log export`` and ``loopbus log import``: a run moves from one log to another."""

import io
import sys
from pathlib import Path

import pytest

from ..stores.story import finished, started, turn, whole
from .conftest import Command
from .logs import keep

OTHER = "sqlite:///other.db"


@pytest.fixture
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with two runs of a session, one of which has words that ASCII does not, and one without a session."""
    wide = [*started("aaaa", session="alice", said="grüße 漢字\u2028"), *turn("aaaa", 2), *finished("aaaa", 6)]
    url = keep(shop, wide, whole("bbbb", session="alice"), whole("cccc"))
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


def kept(loopbus: Command, shop: Path, *what: str) -> Path:
    """A file with what was exported."""
    file = shop / "runs.jsonl"
    file.write_bytes(loopbus("log", "export", *what).out.encode())
    return file


@pytest.mark.parametrize(("what", "ids"), [(("aa",), ["aaaa"]), (("--session", "alice"), ["aaaa", "bbbb"])])
def test_what_is_exported_can_be_imported(
    loopbus: Command, shop: Path, url: str, what: tuple[str, ...], ids: list[str]
) -> None:
    """Into a log that is made for it; the ids are printed, and each run is what it was."""
    file = kept(loopbus, shop, *what)
    assert loopbus("log", "import", str(file), "--store", OTHER) == (0, "".join(f"{each}\n" for each in ids), "")
    for each in ids:
        assert loopbus("log", each, "--json", "--store", OTHER) == loopbus("log", each, "--json")
        assert loopbus("log", "verify", each, "--store", OTHER).code == 0


def test_a_run_can_be_copied_under_another_id(
    loopbus: Command, shop: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the one that it is a copy of; from stdin too."""
    file = kept(loopbus, shop, "cccc")
    with file.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert loopbus("log", "import", "-", "--as", "copy").out == "copy\n"
    assert loopbus("log", "verify", "--all").out.count("\n") == 4


def test_a_run_that_is_there_already_is_not_imported_again(loopbus: Command, shop: Path, url: str) -> None:
    """Whether it was imported or driven there: the error says so, and what can be done."""
    loopbus("run", "17 + 25?", "--agent", "shop:clerk", "-q")
    run_id = loopbus("log", "verify", "--all").out.split()[0]
    for each in (run_id, "cccc"):
        done = loopbus("log", "import", str(kept(loopbus, shop, each)))
        assert (done.code, done.out) == (2, "")
        assert f"run {each} is in this store already, so nothing was imported; delete it first" in done.err


def test_an_export_is_utf8_in_any_locale(loopbus: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for a program to read back."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    assert loopbus("log", "export", "aaaa").code == 0
    assert "grüße 漢字".encode() in written.getvalue()


def test_half_a_file_is_refused_whole(loopbus: Command, shop: Path, url: str) -> None:
    """The line that is missing is named, and nothing of it is written."""
    file = kept(loopbus, shop, "--session", "alice")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    done = loopbus("log", "import", str(file), "--store", OTHER)
    assert (done.code, done.out) == (2, "")
    assert "line 14 is missing" in done.err
    file.write_bytes(b"\xff\n")
    assert "line 1 " in loopbus("log", "import", str(file), "--store", OTHER).err
    assert not (shop / "other.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [("export",), ("export", "aaaa", "--session", "alice"), ("export", "--session", "bob"), ("import", "no.jsonl")],
)
def test_a_slip_is_wrong_usage(loopbus: Command, url: str, arguments: tuple[str, ...]) -> None:
    """Neither, both, and what is not there."""
    done = loopbus("log", *arguments)
    assert (done.code, done.out) == (2, "")


def test_on_a_terminal_an_export_is_only_looked_at(loopbus: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is made safe for one."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\\u2028" in loopbus("log", "export", "aaaa").out
