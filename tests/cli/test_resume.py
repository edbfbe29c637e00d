"""A run waits for a person, another process decides, a third goes on with it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loopbus import Run
from loopbus.cli.keyboard import Keyboard
from loopbus.events import RunSuspended

from .conftest import Command

PAYS = ("-m", "shop:pays", "-t", "shop:refund")


@pytest.fixture(autouse=True)
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where everything here is kept."""
    url = f"sqlite:///{shop / 'runs.db'}"
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


@pytest.fixture
def waiting(loopbus: Command) -> str:
    """A run that waits for somebody to approve ``3.0``, a refund."""
    assert loopbus("run", "pay me", *PAYS, "-q").code == 4
    (run,) = runs(loopbus)
    assert (run["suspended"], run["waiting"]) == (True, ["3.0"])
    return str(run["run_id"])


def runs(loopbus: Command) -> list[dict[str, object]]:
    """What is kept."""
    return [json.loads(line) for line in loopbus("runs", "--json").out.splitlines()]


def names(loopbus: Command, run_id: str) -> Sequence[str]:
    """The events of a run."""
    return [json.loads(line)["event"] for line in loopbus("log", run_id, "--json").out.splitlines()]


def typing(monkeypatch: pytest.MonkeyPatch, *answers: str | None) -> list[str]:
    """Somebody at the terminal gives these answers, to these questions."""
    asked: list[str] = []
    left = list(answers)

    async def ask(self: Keyboard, question: str, default: str = "") -> str | None:
        asked.append(question)
        return left.pop(0)

    monkeypatch.setattr(Keyboard, "is_attended", True)
    monkeypatch.setattr(Keyboard, "ask", ask)
    return asked


def test_a_run_is_kept(loopbus: Command, url: str) -> None:
    """It says under which id, and is there afterwards; quietly it says nothing."""
    done = loopbus("run", "17 + 25?", "--agent", "shop:clerk")
    (run,) = runs(loopbus)
    assert (done.code, done.out, run["agent"], run["status"]) == (0, "It is 42 €.\n", "clerk", "completed")
    assert done.err.splitlines()[0] == f"loopbus: run {run['run_id']}, kept in {url}"
    assert loopbus("run", "17 + 25?", "--agent", "shop:clerk", "-q").err == ""


def test_a_suspended_run_says_what_to_type(loopbus: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code is its own, nothing is on stdout, and both commands work as they stand."""
    monkeypatch.setenv("LOOPBUS_STORE", "sqlite:///another.db")
    done = loopbus("run", "pay me", *PAYS, "--store", url)
    monkeypatch.setenv("LOOPBUS_STORE", url)
    run_id = str(runs(loopbus)[0]["run_id"])
    assert (done.code, done.out) == (4, "")
    place = f"--store {url}"
    assert done.err.splitlines()[-4:] == [
        f"loopbus: run {run_id} is suspended and waits for a decision:",
        "  refund(usd=20), asks a person",
        f"  loopbus decide {run_id} 3.0 --approve {place}",
        f"  loopbus resume {run_id} {place} --model shop:pays --tools shop:refund",
    ]
    assert loopbus("decide", run_id, "3.0", "--approve", "--store", url).code == 0
    assert loopbus("resume", run_id, "--store", url, *PAYS, "-q") == (0, "done\n", "")


def test_what_was_decided_elsewhere_happens(loopbus: Command, waiting: str) -> None:
    """Approved with other arguments, by whom and why; the model is not asked again for what it has said."""
    done = loopbus(
        "decide", waiting[:6], "3.0", "--approve", "--arguments", '{"usd": 7}', "--author", "eve", "--reason", "fine"
    )
    assert (done.code, done.out) == (0, "")
    assert f"approved call 3.0 of run {waiting}; it goes on with:\n  loopbus resume {waiting}" in done.err
    done = loopbus("resume", waiting[:6], *PAYS)
    assert (done.code, done.out) == (0, "done\n")
    assert "refund(usd=20): ok" in done.err, "the view knows which call it was"
    assert "refunded 7" in done.err
    assert "approved by eve with (usd=7): fine" in loopbus("log", waiting).out
    assert names(loopbus, waiting).count("ModelRequested") == 2


def test_a_rejection_is_told_to_the_model(loopbus: Command, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool does not run; who decides is the user, unless somebody else is named or nobody is known."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("loopbus.cli.decide.getuser", nobody)
    assert loopbus("decide", waiting, "3.0", "--reject", "--reason", "too much").code == 0
    assert loopbus("resume", waiting, *PAYS, "-q").out == "done\n"
    log = loopbus("log", waiting).out
    assert "rejected by user: too much" in log
    assert "denied: Not approved: too much" in log
    assert "ToolStarted" not in names(loopbus, waiting)


def test_a_call_is_decided_once(loopbus: Command, waiting: str) -> None:
    """The second decision is refused, before the run goes on and after."""
    assert loopbus("decide", waiting, "3.0", "--approve").code == 0
    for _ in range(2):
        done = loopbus("decide", waiting, "3.0", "--reject")
        assert (done.code, "3.0" in done.err) == (2, True), done.err
        assert loopbus("resume", waiting, *PAYS, "-q").out == "done\n"
    assert names(loopbus, waiting).count("ToolStarted") == 1


@pytest.mark.parametrize("arguments", ["{", "[1]", "[" * 100_000])
def test_arguments_that_are_none_decide_nothing(loopbus: Command, waiting: str, arguments: str) -> None:
    """Nor does leaving out which way it goes, or a call that never asked."""
    for call in (("3.0", "--approve", "--arguments", arguments), ("9.9", "--approve")):
        assert loopbus("decide", waiting, *call).code == 2
    undecided = loopbus("decide", waiting, "3.0")
    assert (undecided.code, "--approve or --reject" in undecided.err) == (2, True)
    assert runs(loopbus)[0]["waiting"] == ["3.0"]


@pytest.mark.parametrize("known", [("--tools", "shop:refund"), ("--agent", "shop:banker")])
def test_arguments_that_do_not_fit_are_refused_where_the_tool_is_known(
    loopbus: Command, waiting: str, known: tuple[str, str]
) -> None:
    """Naming the field; the call waits on, and takes arguments that do fit."""
    done = loopbus("decide", waiting, "3.0", "--approve", "--arguments", '{"usd": "some"}', *known)
    assert (done.code, "- usd: should be a valid integer" in done.err) == (2, True), done.err
    assert runs(loopbus)[0]["waiting"] == ["3.0"]
    assert loopbus("decide", waiting, "3.0", "--approve", "--arguments", '{"usd": 7}', *known).code == 0


def test_another_agent_may_go_on_and_that_is_said(loopbus: Command) -> None:
    """It may be meant; a slip would end a conversation in a way that nobody understands."""
    assert loopbus("run", "pay me", "--agent", "shop:clerk", "-m", "shop:pays", "-t", "shop:refund", "-q").code == 4
    (run,) = runs(loopbus)
    said = f"loopbus: run {run['run_id']} was started with the agent 'clerk', and goes on with 'cook'"
    options = ("--agent", "shop:cook", *PAYS)
    assert loopbus("resume", str(run["run_id"]), *options).err.splitlines()[0] == said
    assert said not in loopbus("resume", str(run["run_id"]), *options, "-q").err


def test_a_script_is_told_what_waits(loopbus: Command, waiting: str) -> None:
    """As one JSON object, or as the last of the events."""
    told = json.loads(loopbus("resume", waiting, *PAYS, "--json", "-q").out)
    assert (told["run_id"], told["status"]) == (waiting, "suspended")
    assert told["waiting"] == [{"call_id": "3.0", "name": "refund", "arguments": {"usd": 20}, "approver": ""}]
    *_, last = loopbus("resume", waiting, *PAYS, "--json", "--stream", "-q").out.splitlines()
    assert json.loads(last)["event"] == "RunSuspended"


def test_without_a_decision_it_waits_on(loopbus: Command, waiting: str) -> None:
    """Resuming changes nothing, and says again what to do."""
    done = loopbus("resume", waiting, *PAYS)
    assert (done.code, "loopbus decide" in done.err) == (4, True)


def test_resuming_with_yes_approves_what_waits(loopbus: Command, waiting: str) -> None:
    """It was asked before anybody looked."""
    done = loopbus("resume", waiting, *PAYS, "--yes", "--json", "-q")
    assert (done.code, json.loads(done.out)["output"]) == (0, "done")


def test_whoever_resumes_is_asked(loopbus: Command, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal."""
    asked = typing(monkeypatch, "y")
    done = loopbus("resume", waiting, *PAYS)
    assert (done.code, done.out, asked) == (0, "done\n", ["Approve refund(usd=20)? [y/N/later] "])


def test_a_reader_that_is_behind_does_not_leave_too_early(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come to the first suspension when the run has gone on to the second, about which nobody was asked yet."""
    decide = Run.decide

    async def decide_and_see_it_wait_again(self: Run, call_id: str, **options: Any) -> None:
        before = self.state.seq
        await decide(self, call_id, **options)
        async for event in self.events(after=before):
            if isinstance(event, RunSuspended):
                return

    monkeypatch.setattr(Run, "decide", decide_and_see_it_wait_again)
    asked = typing(monkeypatch, "y", "y")
    done = loopbus("run", "pay me", "-m", "shop:pays_twice", "-t", "shop:refund", "-q")
    assert (done.code, done.out, len(asked)) == (0, "done\n", 2)


@pytest.mark.parametrize(("answer", "code"), [("later", 4), ("L ", 4), (None, 4), ("no", 0), ("y", 0)])
def test_a_person_may_leave_it_for_later(
    loopbus: Command, monkeypatch: pytest.MonkeyPatch, answer: str | None, code: int
) -> None:
    """Where it is kept; so is it at the end of input."""
    typing(monkeypatch, answer)
    assert loopbus("run", "pay me", *PAYS, "-q").code == code
    assert runs(loopbus)[0]["waiting"] == (["3.0"] if code else [])


def test_a_run_that_is_over_gives_its_answer_again(loopbus: Command) -> None:
    """Nothing is done for it."""
    loopbus("run", "17 + 25?", "--agent", "shop:clerk")
    run_id = str(runs(loopbus)[0]["run_id"])
    before = names(loopbus, run_id)
    assert loopbus("resume", run_id, "--agent", "shop:clerk", "-q") == (0, "It is 42 €.\n", "")
    assert names(loopbus, run_id) == before


def test_a_key_runs_once_and_a_session_goes_on(loopbus: Command) -> None:
    """Also from one process to the next."""
    again = ("run", "hello", "-m", "shop:echoes", "--session", "s", "-q")
    assert [loopbus(*again, "--key", "k").out for _ in range(2)] == ["hello\n", "hello\n"]
    assert len(runs(loopbus)) == 1
    loopbus(*again, "--json")
    assert "after 2 messages" in loopbus("log", str(runs(loopbus)[0]["run_id"])).out


@pytest.mark.parametrize("option", ["--session", "--key"])
def test_what_needs_a_store_says_so(loopbus: Command, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    """Nothing would be kept."""
    monkeypatch.delenv("LOOPBUS_STORE")
    done = loopbus("run", "hello", "-m", "shop:echoes", option, "x")
    assert (done.code, "--store" in done.err) == (2, True)


def test_a_resumed_run_can_be_gone_through_step_by_step(
    loopbus: Command, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where it was."""
    loopbus("decide", waiting, "3.0", "--approve")
    typing(monkeypatch, None)
    done = loopbus("resume", waiting, *PAYS, "--step")
    assert (done.code, "paused before event 12" in done.err) == (130, True)
    assert "aborted before ToolFinished" in loopbus("log", waiting).out
