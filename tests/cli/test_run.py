"""``loopbus run``: the answer on stdout, everything else on stderr, and an exit code that can be relied on."""

import io
import json
import logging
import sys
from typing import Any

import pytest

from .conftest import Command

ADDS = ("run", "17 + 25?", "--model", "shop:adds", "--tools", "shop:add")


def test_stdout_has_the_answer_and_nothing_else(loopbus: Command) -> None:
    """What led to it is on stderr."""
    done = loopbus(*ADDS)
    assert (done.code, done.out) == (0, "It is 42 €.\n")
    assert done.err.splitlines()[:4] == [
        "> agent (scripted): 17 + 25?",
        "Let me see.",
        done.err.splitlines()[2],
        "    42",
    ]
    assert done.err.splitlines()[-1].startswith("completed (2 turns, 30 tokens, ")


def test_quiet_says_nothing_but_the_answer(loopbus: Command) -> None:
    """As long as nothing is wrong."""
    assert loopbus(*ADDS, "-q") == (0, "It is 42 €.\n", "")


def test_json_is_one_object_with_the_whole_result(loopbus: Command) -> None:
    """Usage, cost and conversation included."""
    done = loopbus(*ADDS, "--json", "-q")
    result = json.loads(done.out)
    assert (done.code, done.out.count("\n"), done.err) == (0, 1, "")
    assert (result["status"], result["output"], result["turns"]) == ("completed", "It is 42 €.", 2)
    assert (result["usage"]["input_tokens"], result["cost_usd"], result["error"]) == (20, 0.0, None)
    assert [message["role"] for message in result["messages"]] == ["user", "assistant", "tool", "assistant"]


def test_stream_is_everything_the_model_says(loopbus: Command) -> None:
    """Each message ends with a line end, and the view leaves the text to stdout."""
    done = loopbus(*ADDS, "--stream")
    assert (done.code, done.out) == (0, "Let me see.\nIt is 42 €.\n")
    assert "It is" not in done.err


def test_json_stream_is_a_line_for_each_event(loopbus: Command) -> None:
    """Pieces of messages too; durable ones are numbered without a gap, and the last is the end."""
    done = loopbus(*ADDS, "--json", "--stream", "-q")
    events: list[dict[str, Any]] = [json.loads(line) for line in done.out.splitlines()]
    assert events[0]["event"] == "RunStarted"
    assert (events[-1]["event"], events[-1]["status"]) == ("RunFinished", "completed")
    pieces = [event["text"] for event in events if event["event"] == "TextDelta"]
    assert "".join(pieces) == "Let me see.It is 42 €."
    durable = [event["seq"] for event in events if not event["event"].endswith("Delta")]
    assert durable == list(range(1, len(durable) + 1))


@pytest.mark.parametrize("form", [(), ("--json",), ("--stream",), ("--json", "--stream")])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-m", "shop:adds", "-t", "shop:add"), 0),
        (("-m", "shop:fails"), 1),
        (("-m", "shop:cut"), 3),
        (("-m", "shop:adds", "-t", "shop:add", "--max-turns", "1"), 3),
        (("-m", "shop:talks", "--timeout", "0.05"), 3),
    ],
)
def test_the_exit_code_is_the_status(
    loopbus: Command, arguments: tuple[str, ...], code: int, form: tuple[str, ...]
) -> None:
    """In whatever form the output is."""
    assert loopbus("run", "x", *arguments, *form).code == code


def test_a_failure_is_named_on_stderr(loopbus: Command) -> None:
    """With the error's type; and what there is of the answer is not taken for one."""
    done = loopbus("run", "x", "-m", "shop:fails")
    assert (done.code, done.out) == (1, "")
    assert "! failed: Busy: try later" in done.err
    assert "loopbus: the answer is not whole:\nhalf of " in done.err
    assert "failed: try later" in loopbus("run", "x", "-m", "shop:fails", "--quiet").err


def test_a_failed_run_is_json_too(loopbus: Command) -> None:
    """The error is data."""
    result = json.loads(loopbus("run", "x", "-m", "shop:fails", "--json", "-q").out)
    assert (result["status"], result["error"]["kind"], result["output"]) == ("failed", "Busy", "half of ")


def test_half_an_answer_is_no_answer(loopbus: Command) -> None:
    """One that was cut is not on stdout."""
    done = loopbus("run", "x", "-m", "shop:cut")
    assert (done.out, "half an ans" in done.err) == ("", True)


@pytest.mark.parametrize("arguments", [("-",), ()])
def test_the_prompt_can_come_on_stdin(
    loopbus: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Named or not; as UTF-8, whatever the locale, with a byte order mark or without."""
    said = "\ufeffgrüße 🦊\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said), "ascii"))
    assert loopbus("run", *arguments, "-m", "shop:echoes", "-q").out == "grüße 🦊\n"


def test_a_prompt_that_is_no_text_does_not_end_the_program(loopbus: Command) -> None:
    """A shell passes any bytes; what is no UTF-8 is shown as such."""
    assert loopbus("run", "a\udcffb", "-m", "shop:echoes", "-q").out == "a\ufffdb\n"


@pytest.mark.parametrize("arguments", [(), ("",), ("  ",), ("-",)])
def test_saying_nothing_is_wrong_usage(
    loopbus: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """The error says where a prompt can come from."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" \n")))
    done = loopbus("run", *arguments, "-m", "shop:echoes")
    assert (done.code, done.out, "stdin" in done.err) == (2, "", True)


def test_nothing_is_read_from_a_terminal(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has said anything, the command does not wait in silence."""
    stdin = io.TextIOWrapper(io.BytesIO(b"typed later"))
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert loopbus("run", "-m", "shop:echoes").code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", "opnai:gpt-5.2"), "did you mean 'openai:gpt-5.2'?"),
        (("-m", "shop:modle"), "no 'modle' in 'shop'"),
        (("-m", "shop:number"), "is int, no Backend"),
        (("-m", "shop:adds", "-t", "shop:number"), "is int, no tool"),
        (("-m", "shop:adds", "-t", "nowhere:add"), "cannot import 'nowhere'"),
        (("-m", "shop:adds", "-t", "shop"), "write module:name"),
        (("-m", "shop:adds", "-t", "shop:add,shop:add"), "two tools are named 'add'"),
    ],
)
def test_a_slip_is_wrong_usage_and_says_what_to_do(loopbus: Command, arguments: tuple[str, ...], words: str) -> None:
    """One line, no traceback, exit code 2."""
    done = loopbus("run", "x", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("loopbus: ")
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("option", [("--max-turns", "0"), ("--timeout", "-1"), ("--nonsense",)])
def test_an_option_that_makes_no_sense_is_wrong_usage(loopbus: Command, option: tuple[str, ...]) -> None:
    """Typer names it."""
    done = loopbus("run", "x", *option)
    assert (done.code, option[0] in done.err) == (2, True)


def test_the_model_can_come_from_the_environment(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """And may be reached through dots."""
    monkeypatch.setenv("LOOPBUS_MODEL", "shop:namespace.model")
    assert loopbus("run", "x", "-t", "shop:tools", "-q").out == "It is 42 €.\n"


def test_instructions_reach_the_model(loopbus: Command) -> None:
    """They are what it is told before all."""
    loopbus("run", "x", "-m", "shop:whole", "-i", "Be brief.")
    assert sys.modules["shop"].whole.requests[0].instructions == "Be brief."


def test_the_log_is_shown_only_if_it_is_wanted(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tracebacks, for whoever looks for a fault in a backend of his own."""
    (handlers := logging.getLogger("loopbus").handlers).clear()
    (quiet, root) = (loopbus("run", "x", "-m", "shop:adds"), logging.getLogger())
    assert "Traceback" not in quiet.err
    assert len(handlers) == 1
    handlers.clear()
    monkeypatch.setattr(root, "handlers", [])
    verbose = loopbus("run", "x", "-m", "shop:adds", "--max-turns", "1", "-v")
    assert verbose.code == 3
    assert len(root.handlers) == 1
