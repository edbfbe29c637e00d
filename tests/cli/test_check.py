"""``loopbus check``: a line a step, and an exit code that says whether all is well."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Command
from .test_interrupts import wait_for

Process = Callable[..., "subprocess.Popen[bytes]"]
MODELS = """
import sys
from loopbus.backends import NotConfigured, Scripted, call, fail

def heard(request):
    print("asked", file=sys.stderr, flush=True)
    return "ready"

well = Scripted(["ready", "one two", call("add", a=17, b=25)], stream="words")
ill = Scripted(["ready", "one two", "42"], stream="words")
slow = Scripted(heard, delay_s=600)
class MissingExtra(NotConfigured):
    pass

unset = Scripted([fail(NotConfigured("no credentials: set AWS_PROFILE"))])
bare = Scripted([fail(MissingExtra("no engine: set AWS_PROFILE"))])
"""


@pytest.fixture(autouse=True)
def models(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the user's with models in it, which each test reads anew."""
    (shop / "shown.py").write_text(MODELS, "utf-8")
    monkeypatch.delitem(sys.modules, "shown", raising=False)


def test_all_is_well_is_exit_code_0(loopbus: Command) -> None:
    """Every step is a line; what is not claimed is skipped, and says why."""
    done = loopbus("check", "shown:well")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert [line[:4].strip() for line in lines] == ["ok", "ok", "ok", "skip"]
    assert [line[6:23].strip() for line in lines] == ["sign-in", "streaming", "tool call", "structured output"]
    assert "add(a=17, b=25)" in lines[2]


def test_a_failed_step_is_exit_code_1_and_says_what_to_do(loopbus: Command) -> None:
    """On a line of its own, behind what was wrong."""
    done = loopbus("check", "shown:ill")
    assert done.code == 1
    failed, advice = done.out.splitlines()[2:4]
    assert failed.startswith("FAIL  tool call")
    assert "'42'" in failed
    assert advice.strip().startswith("what to do: ")


def test_json_is_one_object(loopbus: Command) -> None:
    """With every step, its usage and its error."""
    told = json.loads(loopbus("check", "shown:ill", "--json").out)
    assert (told["model"], told["ok"]) == ("scripted", False)
    assert [step["status"] for step in told["steps"]] == ["ok", "ok", "failed", "skipped"]
    assert {"said", "advice", "elapsed_s", "usage", "error"} <= set(told["steps"][2])
    assert json.loads(loopbus("check", "shown:well", "--json").out)["ok"] is True


@pytest.mark.parametrize("model", ["opnai:gpt-5.2", "shown:nothing", "groq:llama"])
def test_a_model_that_cannot_be_asked_is_wrong_usage(
    loopbus: Command, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """An unknown provider or name, or a missing key: nothing is tried."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    done = loopbus("check", model)
    assert (done.code, done.out) == (2, "")
    assert done.err


@pytest.mark.parametrize("model", ["shown:unset", "shown:bare"])
def test_what_is_missing_only_when_asked_is_wrong_usage_too(loopbus: Command, model: str) -> None:
    """Such as credentials that are looked for when the first request is signed, or the local model's engine."""
    done = loopbus("check", model)
    assert done.code == 2
    assert "AWS_PROFILE" in done.out


def test_a_step_has_so_much_time(loopbus: Command) -> None:
    """Then it has failed, and the option is named."""
    done = loopbus("check", "shown:slow", "--timeout", "0.01")
    assert done.code == 1
    assert "no answer within 0.01 s" in done.out
    assert "--timeout" in done.out


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_ctrl_c_is_exit_code_130(process: Process, options: tuple[str, ...]) -> None:
    """What was seen so far is written; the model is let go."""
    running = process("check", "shown:slow", *options)
    wait_for(running, b"asked")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Traceback" not in err
    assert b"loopbus: interrupted" in err
    if options:
        assert json.loads(out) == {"model": "scripted", "ok": False, "steps": []}
