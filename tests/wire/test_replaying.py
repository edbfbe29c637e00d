"""The replay command says of a folder of exchanges how many came out as they should, and which did not."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..architecture import ROOT
from ..backends.recorded import FOLDER, needs_recordings
from .replaying import main
from .samples import BODY, EXPECTED, entry

STREAM = 'data: {"choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
NO_USAGE = {**EXPECTED, "usage": None}


def write(folder: Path, **entries: Any) -> Path:
    """A folder of exchanges, some in folders in it."""
    for name, value in entries.items():
        path = folder / name.partition("_")[0] / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
    return folder


def run(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[str]]:
    """The exit code and the lines of a run."""
    code = main([str(folder), *options])
    return code, capsys.readouterr().out.splitlines()


def test_a_folder_without_failures_is_a_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plain and streamed, from providers that nobody knows."""
    folder = write(tmp_path, a_1=entry(), b_2=entry(STREAM, NO_USAGE, streaming=True, provider="nobody"))
    assert run(folder, capsys) == (0, ["2 passed, 0 failed"])


def test_a_failure_has_a_line_and_a_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each thing that differs; a streamed answer is judged as often as it is cut."""
    wrong = {**NO_USAGE, "text": "Bye", "stop_reason": "length"}
    code, lines = run(write(tmp_path, a_1=entry(), b_2=entry(STREAM, wrong, streaming=True)), capsys)
    assert (code, lines[-1], len(lines)) == (1, "1 passed, 1 failed", 7)
    assert lines[0] == "FAILED b_2: (whole) text: expected 'Bye', got 'Hello'"
    assert {line.partition("(")[2].partition(")")[0] for line in lines[:-1]} == {"whole", "byte by byte", "at random"}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("{", "cannot be read"),
        ({"api": "openai.chat", "response": {}, "expected": {}}, "cannot be read: KeyError"),
        (entry(api="acme.talk"), "KeyError: 'acme.talk'"),
        (entry("{"), "raised Garbled"),
    ],
)
def test_what_cannot_be_replayed_has_failed(
    broken: Any, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wire that nobody speaks too; the others are still judged."""
    code, lines = run(write(tmp_path, a_1=broken, b_2=entry()), capsys)
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")
    assert words in lines[0]


def test_nothing_to_replay_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON that is no exchange may lie beside them, and counts for nothing."""
    assert run(write(tmp_path, a_1=[1], b_2={"api": "x"}), capsys) == (2, ["0 passed, 0 failed"])


def test_requests_are_rebuilt_and_their_failures_counted_by_cause(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that were recorded."""
    wish = {"model": "m", "messages": [{"role": "oracle", "content": "hi"}]}
    lost = entry()
    lost["request"] |= {"recorded": False, "body": {}}
    code, lines = run(write(tmp_path, a_1=entry(), a_2=lost, b_3=entry(asked=wish)), capsys, "--requests")
    assert code == 1
    assert lines == ["FAILED b_3: the role oracle", "    1 the role oracle", "1 passed, 1 failed"]


def test_nine_rebuilt_requests_in_ten_are_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left has its causes."""
    wish = {"model": "m", "messages": [{"role": "oracle", "content": "hi"}]}
    entries = {f"a_{number}": entry() for number in range(9)}
    assert run(write(tmp_path, **entries, b=entry(asked=wish)), capsys, "--requests")[0] == 0


def test_the_script_runs_from_anywhere(tmp_path: Path) -> None:
    """Without being a module of anything."""
    folder = write(tmp_path, a_1=entry(BODY))
    script = ROOT / "tests" / "wire" / "replay.py"
    done = subprocess.run([sys.executable, script, folder], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 passed, 0 failed\n", "")


@needs_recordings
def test_nine_in_ten_recorded_requests_are_rebuilt(capsys: pytest.CaptureFixture[str]) -> None:
    """On all wires together."""
    assert run(FOLDER, capsys, "--requests")[0] == 0
