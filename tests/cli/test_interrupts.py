"""Ctrl-C once stops the run and says so; twice ends the process at once (F59)."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import anyio
import pytest
import typer

from loopbus.cli import following
from loopbus.cli.interrupts import Interrupts, leave

from .conftest import Command

Process = Callable[..., "subprocess.Popen[bytes]"]


def wait_for(running: "subprocess.Popen[bytes]", words: bytes) -> None:
    """Read stderr until it has said this."""
    assert running.stderr is not None
    said = b""
    while words not in said:
        piece = os.read(running.stderr.fileno(), 65536)
        assert piece, f"it ended, having said {said!r}"
        said += piece


def test_once_stops_the_run_and_its_log_is_whole(process: Process) -> None:
    """The last line of the log is the one terminal event, and "interrupted" is said."""
    running = process("run", "x", "-m", "shop:talks", "--json", "--stream")
    wait_for(running, b"> agent")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"loopbus: interrupted" in err
    assert b"! cancelled: interrupted" in err
    log = [json.loads(line) for line in out.splitlines()]
    durable = [event["seq"] for event in log if event["event"] != "TextDelta"]
    assert durable == list(range(1, len(durable) + 1))
    assert (log[-1]["event"], log[-1]["status"], log[-1]["reason"]) == ("RunFinished", "cancelled", "interrupted")


def test_twice_ends_the_process_at_once(process: Process) -> None:
    """Though a tool runs that swallows its cancellation and would keep the loop for ever."""
    running = process("run", "x", "-m", "shop:hangs", "-t", "shop:stubborn")
    wait_for(running, b"> agent")
    running.send_signal(signal.SIGINT)
    wait_for(running, b"interrupted")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Traceback" not in err
    assert b"cancelled" not in err


def test_what_will_not_end_does_not_keep_the_process(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the grace time the result is written and the process left, with the run's exit code."""
    left: list[int] = []

    def leave(code: int) -> None:
        left.append(code)
        vars(sys.modules["shop"])["free"] = True

    monkeypatch.setattr(following, "leave", leave)
    monkeypatch.setattr(following, "GRACE_S", 0.1)
    done = loopbus("run", "x", "-m", "shop:hangs", "-t", "shop:stubborn", "--timeout", "0.1", "--json", "-q")
    assert (done.code, left, json.loads(done.out)["status"]) == (3, [3], "limit")


def test_leaving_gives_the_terminal_its_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moved on it cannot do so any more; a pipe gets nothing."""
    did: list[object] = []
    monkeypatch.setattr(os, "write", lambda descriptor, text: did.append(text))  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
    monkeypatch.setattr(os, "_exit", did.append)
    leave(130)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "fileno", lambda: 2)
    leave(3)
    assert did == [130, b"\x1b[?25h\n", 3]


def test_an_interrupt_that_nobody_answers_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """As interrupted, which is said, wherever it was."""
    interrupts = Interrupts()

    async def wait() -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(typer.Exit) as ended:
        interrupts.run(wait())
    assert (ended.value.exit_code, capsys.readouterr().err) == (130, "loopbus: interrupted\n")
    assert interrupts.count == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_outside_of_the_work_ends_the_command_too() -> None:
    """While the event loop is being closed there is nothing left to cancel."""
    interrupts = Interrupts()

    async def work() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)

    with pytest.raises(typer.Exit, match="130"):
        interrupts.run(work())


def test_a_second_interrupt_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the first one is still about."""
    left: list[int] = []
    monkeypatch.setattr("loopbus.cli.interrupts.leave", left.append)

    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    with pytest.raises(typer.Exit, match="130"):
        Interrupts().run(work())
    assert left == [130]
