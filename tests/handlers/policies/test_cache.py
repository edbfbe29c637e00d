"""The same request costs nothing the second time, says so, and is never mistaken for another one."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from loopbus.backends import Refused, Scripted, Settings, call, reply, thinking
from loopbus.bus import BadOption, SubscriberFailed
from loopbus.events import Event, ModelReplied, ReplyRecalled, Thinking, ToolStarted, Usage
from loopbus.handlers.observers import CostLedger, Price
from loopbus.handlers.policies import MemoryReplies, Replies, ResponseCache, SqliteReplies
from loopbus.runtime import Agent, Run

from ...faults.house import House, add, house


def stored(kind: str, path: Path) -> Replies:
    """A store of each kind."""
    return SqliteReplies(path / "replies.db") if kind == "sqlite" else MemoryReplies()


def of(run: Run[Any], kind: type[Event]) -> list[Any]:
    """The events of a kind."""
    return [event for event in run.log if isinstance(event, kind)]


async def ask(tested: House, model: Scripted, prompt: str = "go", **options: Any) -> Run[Any]:
    """A run to its end, and until its replies are kept."""
    run = await tested.start(Agent(model, **options), prompt)
    await run.outcome()
    await tested.runtime.drain()
    return run


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_the_second_time_the_same_request_costs_nothing_and_says_so(kind: str, tmp_path: Path) -> None:
    """Reasoning and calls come back too, tools run again, and each call has an id of its own run."""
    async with house() as tested:
        tested.runtime.subscribe(CostLedger({"cached": Price(input_usd=1e6, output_usd=0)}))
        tested.runtime.subscribe(ResponseCache(stored(kind, tmp_path), "cached"))
        script = [
            reply(thinking("hm", "sig"), call("add", a=17, b=25), usage=Usage(3, 0)),
            reply("42", usage=Usage(5, 0)),
        ]
        model = Scripted(script, model="cached")
        first, second = [await ask(tested, model, tools=[add]) for _ in range(2)]
    assert model.asked == 2
    results = [await run.result() for run in (first, second)]
    assert [result.output for result in results] == ["42", "42"]
    assert [result.cost_usd for result in results] == [8.0, 0.0]
    assert results[1].usage == Usage()
    assert len(of(second, ToolStarted)) == 1
    assert of(second, ModelReplied)[0].content[0] == Thinking("hm", "sig", "cached")
    assert of(first, ReplyRecalled) == []
    recalled = of(second, ReplyRecalled)
    assert [(event.model, event.saved) for event in recalled] == [("cached", Usage(3, 0)), ("cached", Usage(5, 0))]
    assert all(0 <= event.age_s < 60 for event in recalled)
    assert [event.cause for event in recalled] == [event.seq for event in of(second, ModelReplied)]


async def test_what_is_kept_in_a_file_outlives_the_runtime(tmp_path: Path) -> None:
    """Another one, or another process, finds it."""
    for place in range(2):
        async with house() as tested:
            tested.runtime.subscribe(ResponseCache(SqliteReplies(tmp_path / "replies.db"), "cached"))
            model = Scripted(["42"], model="cached")
            assert (await (await ask(tested, model)).result()).output == "42"
            assert model.asked == (0 if place else 1)


class Other(BaseModel):
    """A type of answer."""

    value: int


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "go!"},
        {"instructions": "Be brief."},
        {"settings": Settings(temperature=0.5)},
        {"tools": [add]},
        {"output": Other},
    ],
)
async def test_another_request_is_asked(other: dict[str, Any]) -> None:
    """What is said, what is instructed, how it is sampled, which tools there are, and what the answer must be."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache())
        model = Scripted(["1", '{"value": 2}'])
        await ask(tested, model)
        await ask(tested, model, other.pop("prompt", "go"), **other)
    assert model.asked == 2


async def test_another_model_is_asked_and_one_that_is_not_named_is_always_asked() -> None:
    """Its name is part of the request."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache(None, "a*", "b*"))
        for name, asked in [("a", 1), ("a", 0), ("b", 1), ("c", 1), ("c", 1)]:
            model = Scripted(["yes"], model=name)
            await ask(tested, model)
            assert model.asked == asked


@pytest.mark.parametrize("first", [reply("cut", stop="length"), reply("no", stop="content_filter"), Refused("no")])
async def test_what_is_no_whole_answer_is_not_kept(first: Any) -> None:
    """Half an answer is never a whole one, not the second time either."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache())
        model = Scripted([first, "whole"])
        await ask(tested, model)
        assert (await (await ask(tested, model)).result()).output == "whole"


async def test_a_reply_that_is_too_old_or_from_the_future_is_asked_for_anew() -> None:
    """Clocks are set back at times."""
    now = [0.0]
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache(None, "aged", max_age_s=60, clock=lambda: now[0]))
        model = Scripted(["1", "2", "3"], model="aged")
        run = await ask(tested, model)
        for later_s, answer in [(-1.0, "2"), (61.0, "3"), (59.0, "3")]:
            now[0] = of(run, ModelReplied)[0].at + later_s
            run = await ask(tested, model)
            assert (await run.result()).output == answer
    assert [each.age_s for each in of(run, ReplyRecalled)] == [59.0]


class Broken:
    """A store that is out of order, or holds what nobody has put there."""

    def __init__(self, answer: str | Exception) -> None:
        self._answer = answer

    async def get(self, key: str) -> str | None:
        """Fail, or tell nonsense."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def put(self, key: str, reply: str, run_id: str) -> None:
        """Fail."""
        raise OSError("disk full")

    async def forget(self, run_id: str) -> None:
        """Fail."""
        raise OSError("disk full")


@pytest.mark.parametrize("answer", [OSError("no disk"), "{nonsense", '{"turn": 1}'])
async def test_a_store_that_fails_leaves_the_model_to_be_asked(answer: str | Exception) -> None:
    """The run never notices; it is said once."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache(Broken(answer)))
        said: list[SubscriberFailed] = []
        tested.runtime.observe(SubscriberFailed)(said.append)
        model = Scripted(["1", "2"])
        for words in ("1", "2"):
            assert (await (await ask(tested, model)).result()).output == words
    assert {event.subscriber for event in said} == {"ResponseCache"}


async def test_what_policies_leave_of_a_reply_is_what_is_kept() -> None:
    """What one of them has hidden does not come back."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache())

        @tested.runtime.intercept(ModelReplied)
        def hide(event: ModelReplied) -> ModelReplied:
            blocks = tuple(block for block in event.content if not isinstance(block, Thinking))
            return event.model_copy(update={"content": blocks})

        model = Scripted([[thinking("secret"), "open"]])
        await ask(tested, model)
        run = await ask(tested, model)
        assert [block.kind for block in of(run, ModelReplied)[0].content] == ["text"]
    assert model.asked == 1


def test_an_age_is_above_nothing() -> None:
    """With zero nothing would ever be found."""
    with pytest.raises(BadOption, match="max_age_s"):
        ResponseCache(max_age_s=0)


def test_a_path_is_no_store() -> None:
    """It would be found out by a policy that fails at every request, and no reply would ever be kept."""
    with pytest.raises(BadOption, match=r"ResponseCache\('replies.db'\): give MemoryReplies\(\), or SqliteReplies"):
        ResponseCache("replies.db")  # pyright: ignore[reportArgumentType] - what the test is about


async def test_a_deleted_run_leaves_nothing_in_the_cache() -> None:
    """The model is asked again."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache())
        model = Scripted(["1", "2"])
        run = await ask(tested, model)
        await tested.runtime.delete(run.id)
        assert (await (await ask(tested, model)).result()).output == "2"
    assert model.asked == 2
