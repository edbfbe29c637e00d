"""Which log a command is about."""

import signal
from pathlib import Path

import pytest
import typer

from loopbus.cli.interrupts import INTERRUPTED
from loopbus.cli.stores import on_log, to_type
from loopbus.stores import EventLog

from ..stores.story import whole
from .conftest import Command
from .logs import keep


def test_a_log_is_named_by_option_or_environment(loopbus: Command, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option wins."""
    url = keep(shop, whole("run"))
    assert "run " in loopbus("runs", "--store", url).out
    monkeypatch.setenv("LOOPBUS_STORE", url)
    assert "run " in loopbus("runs").out
    assert loopbus("runs", "--store", "memory://").out.count("\n") == 1


def test_without_a_name_the_command_says_how_to_give_one(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, one line."""
    monkeypatch.delenv("LOOPBUS_STORE", raising=False)
    done = loopbus("runs")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "--store URL" in done.err
    assert "LOOPBUS_STORE" in done.err


def test_what_is_to_be_typed_gives_no_password_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing that the environment says already."""
    assert to_type("sqlite:///my runs.db") == " --store 'sqlite:///my runs.db'"
    assert "hunter2" not in to_type("postgresql://eve:hunter2@host/runs")
    monkeypatch.setenv("LOOPBUS_STORE", "postgresql://eve:hunter2@host/runs")
    assert to_type("postgresql://eve:hunter2@host/runs") == ""


def test_a_slip_in_the_name_makes_no_empty_log(loopbus: Command, shop: Path) -> None:
    """A file that is not there is said to be, and is not made."""
    done = loopbus("runs", "--store", "sqlite:///rusn.db")
    assert (done.code, "there is no file rusn.db" in done.err) == (2, True)
    assert not (shop / "rusn.db").exists()
    assert "names no store" in loopbus("runs", "--store", "rusn.db").err


def test_a_file_of_something_else_is_a_failure_of_one_line(loopbus: Command, shop: Path) -> None:
    """Exit code 1: the command was right, the file is not."""
    (shop / "runs.db").write_bytes(b"no database, but long enough to be looked at" * 100)
    done = loopbus("runs", "--store", "sqlite:///runs.db")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)


def test_an_interrupt_ends_with_its_code(shop: Path) -> None:
    """And closes the log."""
    url = keep(shop, whole("run"))

    async def interrupted(log: EventLog) -> None:
        signal.raise_signal(signal.SIGINT)
        async for _ in log.tail("run", after=6):
            pass

    with pytest.raises(typer.Exit) as ended:
        on_log(url, interrupted)
    assert ended.value.exit_code == INTERRUPTED
