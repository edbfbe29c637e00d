"""Two logs side by side: what they share, and what each did on its own."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends import Scripted, call, text
from loopbus.events import Event, RunForked
from loopbus.runtime import Agent, Runtime
from loopbus.runtime.replaying.difference import difference, difference_lines

from .runs import add


async def log_of(*script: Any, told: str = "Be brief.") -> list[Event]:
    """The log of a run that goes by a script."""
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted(list(script)), told, tools=[add]), "go")
        await run.result()
    return list(run.log)


async def test_two_runs_that_went_the_same_way_do_not_differ() -> None:
    """Ids of runs and times mean nothing."""
    one, other = [await log_of(call("add", a=1, b=2), text("3")) for _ in range(2)]
    found = difference(one, other)
    assert found.same
    assert list(difference_lines(found, "a", "b")) == ["--- a", "+++ b", "@@ the first 13 events alike @@"]


async def test_where_two_runs_part_each_goes_its_way() -> None:
    """Of an event of one kind in both, the fields that differ; any other is told whole."""
    one = await log_of(call("add", a=1, b=2), text("3"))
    other = await log_of(call("add", a=1, b=5), text("6"))
    found = difference(one, other)
    assert (len(found.shared), len(found.left), len(found.right)) == (3, 10, 10)
    lines = list(difference_lines(found))
    assert lines[:2] == ["--- left", "+++ right"]
    assert '-    5 ToolRequested arguments={"a": 1, "b": 2}' in lines
    assert '+    5 ToolRequested arguments={"a": 1, "b": 5}' in lines
    assert '     6 ToolStarted call_id="3.0" name="add"' in lines
    assert '-   13 RunFinished output="3"' in lines


async def test_a_fork_differs_from_where_it_was_forked() -> None:
    """What only one of them did is marked as its own."""
    log = await log_of(text("Yes."))
    forked = RunForked(run_id="fork", seq=4, source=log[0].run_id)
    lines = list(difference_lines(difference(log, [*log[:3], forked])))
    assert lines[2] == "@@ the first 3 events alike @@"
    assert [line[0] for line in lines[3:]] == ["-", "+", "-", "-"]
    assert f'source="{log[0].run_id}"' in lines[4]


async def test_a_difference_shows_no_secret() -> None:
    """Nor does it show more of a long text than a line can hold."""
    one = await log_of(text("api_key=sk-abcdefghij0123456789abcd"))
    other = await log_of(text("x" * 5000))
    lines = list(difference_lines(difference(one, other)))
    assert not [line for line in lines if "abcdefghij" in line or len(line) > 1500]


@given(one=st.lists(st.sampled_from("abc"), max_size=6), other=st.lists(st.sampled_from("abc"), max_size=6))
def test_each_event_is_told_once(one: list[str], other: list[str]) -> None:
    """Nothing of either log is left out, and nothing is made up."""

    def made(names: list[str]) -> list[Event]:
        return [RunForked(run_id="r", seq=seq, source=name) for seq, name in enumerate(names, 1)]

    found = difference(made(one), made(other))
    signs = [line[0] for line in difference_lines(found)][3:]
    alike = len(found.shared) + signs.count(" ")
    assert alike + signs.count("-") == len(one)
    assert alike + signs.count("+") == len(other)
    assert found.same == (one == other)
