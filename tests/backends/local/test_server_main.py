"""The engine's process ends with its standard input, and says nothing on standard output but where it listens."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loopbus.backends.local import server_main
from loopbus.backends.local.engine import COMMAND

MakeWeights = Callable[..., Path]


def options(path: Path, parent: int) -> bytes:
    """The line that the parent writes."""
    told = {"model": str(path), "context": 64, "slots": 1, "threads": 1, "cache_mib": 1, "key": "k", "parent": parent}
    return json.dumps(told).encode() + b"\n"


def child() -> subprocess.Popen[bytes]:
    """The engine's process, not yet told anything."""
    return subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_it_ends_with_its_standard_input(fake_weights: MakeWeights) -> None:
    """That is how it learns, on every system, that its parent is gone."""
    with child() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(options(fake_weights(), os.getpid()))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(10) == 0
        # What native code printed went to standard error.
        assert process.stdout.read() == b""


def test_it_ends_while_it_still_loads(fake_weights: MakeWeights) -> None:
    """A parent that dies early leaves nothing behind either."""
    with child() as process:
        assert process.stdin is not None
        process.stdin.write(options(fake_weights(hangs=True), os.getpid()))
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_it_does_not_serve_a_parent_that_died_before_it_could_ask(fake_weights: MakeWeights) -> None:
    """Between the start of a process and its wish to die with its parent, the parent may die."""
    with child() as process:
        said, _ = process.communicate(options(fake_weights(), parent=1), timeout=10)
        assert process.returncode == 1
        assert said == b""


def test_systems_other_than_linux_rely_on_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not asked for what they cannot do."""
    monkeypatch.setattr(sys, "platform", "darwin")

    def refuse(_: Any) -> None:
        raise AssertionError("no such call there")

    monkeypatch.setattr("ctypes.CDLL", refuse)
    server_main.die_with(os.getpid())
