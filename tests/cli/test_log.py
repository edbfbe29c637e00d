"""``loopbus log``: one run as a timeline."""

import json
import threading
from pathlib import Path

import pytest

from loopbus.cli import output
from loopbus.events import CostCounted, Fault, ModelFailed, RunResumed, RunSuspended, Usage
from loopbus.stores import OpaqueEvent

from ..stores.story import finished, placed, started, turn, whole
from .conftest import Command
from .logs import keep


@pytest.fixture
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with a run that was suspended and cost something, and a whole one."""
    odd = placed(
        "aaaa1111",
        6,
        CostCounted(model="m", usage=Usage(9, 1), cost_usd=0.25),
        CostCounted(model="n", usage=Usage(9, 1), cost_usd=None),
        ModelFailed(turn=1, error=Fault("Busy", "later"), usage=Usage(9, 1)),
        RunResumed(attempt=1),
        RunSuspended(reason="people", waiting=("3.0",)),
        OpaqueEvent(name="shop.sold", version=3, body=b'{"at":1790000012.5,"cause":2}'),
    )
    url = keep(shop, [*started("aaaa1111"), *turn("aaaa1111", 2), *odd], whole("bbbb2222", session="alice"))
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


def test_the_timeline_has_a_head_a_line_for_each_event_and_a_sum(loopbus: Command, url: str) -> None:
    """``log RUN`` and ``log show RUN`` are one; the beginning of the id is enough."""
    done = loopbus("log", "bbbb")
    assert done == loopbus("log", "show", "bbbb2222")
    head, columns, *lines, total = done.out.splitlines()
    assert head.startswith("run bbbb2222, clerk, session alice, 2026-")
    assert columns.split() == ["seq", "cause", "time", "event", "what"]
    assert [line.split()[0] for line in lines] == list("123456")
    assert lines[3].split() == ["4", "3", "+3.000", "ModelReplied", "hello", "to", "you"]
    assert total == "completed: 1 turn, 0 tokens, 5.0 s"


def test_the_sum_has_tokens_and_cost_and_where_it_stands(loopbus: Command, url: str) -> None:
    """What has no price is said; an event that is not known here is shown all the same."""
    *_, unknown, total = loopbus("log", "aaaa").out.splitlines()
    assert "shop.sold" in unknown
    assert total.startswith("suspended: 1 turn, 10 tokens, $0.2500 and what 1 replies without a known price cost, ")


def test_after_shows_what_is_behind(loopbus: Command, url: str) -> None:
    """Times are those from the beginning; a sum of a part would mislead."""
    lines = loopbus("log", "bbbb", "--after", "4").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "seq", "5", "6"]
    assert lines[2].split()[2] == "+4.000"
    assert loopbus("log", "--after", "4", "bbbb").out.splitlines() == lines


def test_json_is_each_event_whole(loopbus: Command, url: str) -> None:
    """A line for each; what is not known here comes as it was written."""
    told = [json.loads(line) for line in loopbus("log", "aaaa", "--json").out.splitlines()]
    assert [each["seq"] for each in told] == list(range(1, 12))
    assert told[0]["prompt"]["content"] == [{"text": "hello", "kind": "text"}]
    assert told[-1] == {
        "event": "shop.sold",
        "version": 3,
        "run_id": "aaaa1111",
        "seq": 11,
        "at": 1790000012.5,
        "cause": 2,
        "unknown": True,
        "body": '{"at":1790000012.5,"cause":2}',
    }


@pytest.mark.parametrize("after", ["0", "6", "9"])
def test_following_a_run_that_is_over_ends(loopbus: Command, url: str, after: str) -> None:
    """Wherever it begins."""
    assert loopbus("log", "bbbb", "--follow", "--after", after).code == 0


def test_following_shows_what_others_write(
    loopbus: Command, shop: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a log of their own, as another process does; it ends after the last event."""

    def write_and_go_on(value: object) -> None:
        output.write_json(value)
        if isinstance(value, dict) and value["seq"] == 11:
            writer = threading.Thread(target=keep, args=(shop, finished("aaaa1111", 12)))
            writer.start()
            writer.join()

    monkeypatch.setattr("loopbus.cli.log.write_json", write_and_go_on)
    done = loopbus("log", "aaaa", "-f", "--json")
    assert (done.code, done.out.count("\n"), done.err) == (0, 12, "")
    assert json.loads(done.out.splitlines()[-1])["event"] == "RunFinished"


def test_a_run_that_is_not_there_is_wrong_usage(loopbus: Command, url: str) -> None:
    """The error says how to find one."""
    done = loopbus("log", "zzz")
    assert (done.code, done.out) == (2, "")
    assert "loopbus runs lists them" in done.err


def test_the_group_has_a_help_of_its_own(loopbus: Command) -> None:
    """It lists what else can be done with a log; so does nothing at all."""
    for done in (loopbus("log", "--help"), loopbus("log")):
        assert [
            name for name in ("show", "verify", "diff", "promote", "export", "import") if name not in done.out
        ] == []
    assert "--follow" in loopbus("log", "abc", "--help").out
