"""The command as a process: locales, pipes, and an extra that is not there."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

from loopbus.cli import main

from .conftest import Command

COMMANDS = (
    *("run", "resume", "decide", "cancel", "fork", "replay", "runs", "sessions", "log", "delete"),
    *("tools", "events", "models", "check"),
)
Process = Callable[..., "subprocess.Popen[bytes]"]


def test_the_console_script_is_this_command() -> None:
    """What is installed as ``loopbus`` is what is tested here."""
    (script,) = entry_points(group="console_scripts", name="loopbus")
    assert script.load() is main


def test_help_and_version_are_there(loopbus: Command) -> None:
    """Every command is listed."""
    help_text = loopbus("--help").out
    assert [name for name in COMMANDS if name not in help_text] == []
    assert loopbus("--version").out.strip() == __import__("loopbus").__version__
    assert loopbus("sing").code == 2


def test_without_the_extra_the_command_says_which(shop: object) -> None:
    """One line on stderr, exit code 2, no traceback."""
    script = "import sys; sys.modules['typer'] = None\nfrom loopbus.cli import main\nmain(['run', 'x'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'loopbus: the command needs an extra: pip install "loopbus[cli]"\n'


def test_another_missing_module_is_not_mistaken_for_the_extra(shop: object) -> None:
    """A broken installation shows itself."""
    script = "import sys; sys.modules['loopbus.cli.run'] = None\nimport loopbus.cli"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8", "NO_COLOR": "1", "TERM": "dumb"},
        {"PYTHONIOENCODING": "ascii:strict"},
    ],
)
def test_no_locale_ends_the_program(process: Process, environment: dict[str, str]) -> None:
    """A character that an encoding does not have is written as its code."""
    arguments = ("run", "17 + 25?", "-m", "shop:adds", "-t", "shop:add")
    out, err = process(*arguments, env={**os.environ, **environment}).communicate(timeout=60)
    assert out.decode() in ("It is 42 €.\n", "It is 42 \\u20ac.\n")
    assert b"Traceback" not in err
    assert b"\x1b" not in out + err


def test_json_is_json_in_any_encoding(process: Process) -> None:
    """What ASCII does not have is escaped as JSON does it."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    out, _ = process("run", "x", "-m", "shop:adds", "-t", "shop:add", "--json", "-q", env=environment).communicate(
        timeout=60
    )
    assert b'"output": "It is 42 \\u20ac."' in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "--json"),
        ("run", "x", "-m", "shop:talks", "--stream"),
    ],
)
def test_a_reader_that_leaves_is_no_fault(process: Process, arguments: tuple[str, ...]) -> None:
    """As with ``| head -1``: what it asked for is stopped, nothing is said, and a shell sees 141."""
    running = process(*arguments, bufsize=0)
    assert running.stdout is not None
    running.stdout.read(1)
    running.stdout.close()
    _, err = running.communicate(timeout=60)
    assert b"Traceback" not in err
    assert b"Exception" not in err
    assert running.returncode in ({0, 141} if arguments[0] == "events" else {141})


def test_nobody_on_stderr_is_no_fault_either(process: Process) -> None:
    """The run goes on and its answer is written."""
    running = process("run", "x", "-m", "shop:adds", "-t", "shop:add")
    assert running.stderr is not None
    running.stderr.close()
    running.stderr = None
    out, _ = running.communicate(timeout=60)
    assert (running.returncode, out.decode()) == (0, "It is 42 €.\n")


def test_a_reader_that_left_is_exit_code_141(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell reports of ``head``'s victims; nothing is said."""

    class Gone(io.StringIO):
        encoding = "utf-8"

        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(sys, "stderr", errors := io.StringIO())
    assert loopbus("tools", "shop:add").code == 141
    assert errors.getvalue() == ""
