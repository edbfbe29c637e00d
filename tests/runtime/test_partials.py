"""An output can be watched while it grows, and what is shown last is the whole of it."""

import json
from time import process_time
from typing import Any, cast

import pytest
from pydantic import BaseModel

from loopbus import Agent, Runtime
from loopbus.backends import Scripted, call, fail, reply, text
from loopbus.bus import EventsDropped
from loopbus.events import ModelRequested, RunFinished, StreamRestarted, TextDelta, ToolCallDelta
from loopbus.runtime import BadInput, Partial
from loopbus.runtime.partials import Draft
from loopbus.tools import OutputType

REQUESTED = ModelRequested(turn=1, model="fake", messages=1)


class City(BaseModel):
    name: str
    people: int = 0


PARIS = City(name="Paris", people=2)
RIGHT = '{"name": "Paris", "people": 2}'


def said(words: str, *, snapshot: bool = False) -> TextDelta:
    """A piece of text."""
    return TextDelta(text=words, snapshot=snapshot)


def heard(draft: Draft[Any], *events: Any) -> list[Any]:
    """The data of what a draft makes of events."""
    parts = [draft.hear(event) for event in events]
    return [part.data for part in parts if part is not None]


@pytest.mark.parametrize(
    "line",
    [text(RIGHT), text(f"Here:\n```json\n{RIGHT}\n```"), reply("Well.", call("final_answer", name="Paris", people=2))],
    ids=["text", "fence", "call"],
)
async def test_it_grows_to_the_whole_output(line: Any) -> None:
    """Each is more than the one before, and the last is the result's own."""
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted([line], stream=2), output=City), "Which city?")
        parts = [part async for part in run.partials()]
        assert (await run.result()).output == parts[-1].value == PARIS
    names = [cast("dict[str, str]", part.data)["name"] for part in parts]
    assert names == sorted(names, key=len)
    assert {"P", "Par", "Paris"} & set(names[:-1])
    assert parts[-1] == Partial({"name": "Paris", "people": 2}, PARIS)


async def test_who_comes_late_sees_the_whole_output() -> None:
    """A run that is over has one state only, and one that failed none."""
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted([text(RIGHT)]), output=City), "go")
        await run.outcome()
        assert [part async for part in run.partials()] == [Partial({"name": "Paris", "people": 2}, PARIS)]
        run = await runtime.start(Agent(Scripted([fail(ValueError("no"))]), output=City), "go")
        await run.outcome()
        assert [part async for part in run.partials()] == []


async def test_leaving_early_leaves_the_run_alone() -> None:
    """Law 10."""
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted([text(RIGHT)], stream=1), output=City), "go")
        parts = run.partials()
        assert (await anext(parts)).data
        await parts.aclose()
        assert (await run.result()).output == PARIS


async def test_plain_text_has_no_partial_values() -> None:
    """The error says what to read instead."""
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted(["hello"])), "go")
        with pytest.raises(BadInput, match=r"read TextDelta from events\(ephemeral=True\)"):
            run.partials()
        await run.outcome()


def test_each_reply_is_written_anew() -> None:
    """What a reply came to that was asked for again, or broke off, is no part of the next one."""
    draft = Draft(OutputType[City](City))
    assert heard(draft, REQUESTED, said('{"name": "Ro'), REQUESTED, said('{"name": "P')) == [
        {"name": "Ro"},
        {"name": "P"},
    ]
    assert heard(draft, StreamRestarted(model="other"), said('{"name": "Q')) == [{"name": "Q"}]
    assert heard(draft, said('{"name": "Par', snapshot=True), said("is")) == [{"name": "Par"}, {"name": "Paris"}]


def test_after_a_gap_the_rest_of_a_reply_is_passed_over() -> None:
    """Pieces with one missing between them could make another sense."""
    draft = Draft(OutputType[City](City))
    dropped = EventsDropped(subscriber="reader", first_seq=3, last_seq=3, count=2)
    assert heard(draft, REQUESTED, said('{"name": "P'), dropped, said('is"}')) == [{"name": "P"}]
    assert heard(draft, ToolCallDelta(slot=0, name="final_answer", arguments='{"name": "P')) == []
    assert heard(draft, REQUESTED, said('{"name": "Q')) == [{"name": "Q"}]


def test_only_the_call_that_is_the_answer_counts() -> None:
    """Other calls have arguments too."""
    draft = Draft(OutputType[City](City))
    other = ToolCallDelta(slot=0, name="look_up", arguments='{"name": "x')
    mine = ToolCallDelta(slot=1, name="final_answer", arguments='{"name": ')
    more = ToolCallDelta(slot=1, arguments='"Par')
    assert heard(draft, REQUESTED, other, mine, ToolCallDelta(slot=0, arguments="yz"), more) == [{"name": "Par"}]


def test_the_end_is_shown_if_it_is_one() -> None:
    """Not of a run that failed, nor what does not fit any more."""
    draft = Draft(OutputType[City](City))
    assert heard(draft, RunFinished(status="failed", output={"name": "P"})) == []
    assert heard(draft, RunFinished(status="completed", output={"people": 1})) == []
    assert heard(draft, RunFinished(status="completed", output={"name": "P"})) == [{"name": "P"}]


def test_a_long_output_is_not_read_again_at_every_piece() -> None:
    """Eight times the text takes little more than eight times as long."""

    def seconds(items: int) -> float:
        draft = Draft(OutputType[Any](list[int]))
        whole = json.dumps({"value": list(range(items))})
        began = process_time()
        draft.hear(REQUESTED)
        for place in range(0, len(whole), 4):
            draft.hear(said(whole[place : place + 4]))
        return process_time() - began

    seconds(1000)
    assert seconds(16_000) < 20 * seconds(2000)
