"""A provider may pause a reply that takes long: it goes on when it gets the reply back, and is no answer before."""

from typing import Any

from pydantic_core import from_json, to_json

from loopbus.backends import Scripted, reply
from loopbus.backends.hosted import Hosted
from loopbus.backends.wire.anthropic_messages import ANTHROPIC_MESSAGES
from loopbus.events import ModelReplied, Text, TurnFinished
from loopbus.handlers.limits import Limits
from loopbus.runtime import Agent

from ..backends.servers import Canned
from ..faults.house import house

PAUSED = reply("I look it up.", stop="pause")
JSON = {"content-type": "application/json"}


async def test_the_model_goes_on_from_a_paused_reply() -> None:
    """It gets back what it said so far, as the last message and with nothing behind it; the rest is the answer."""
    model = Scripted([PAUSED, PAUSED, "It is 42."])
    async with house() as tested:
        run = await tested.start(Agent(model))
        result = await run.result()
    assert result.output == "It is 42."
    assert [event.final for event in run.log if isinstance(event, TurnFinished)] == [False, False, True]
    assert [message.role for message in model.requests[-1].messages] == ["user", "assistant", "assistant"]


async def test_pauses_without_an_end_are_bounded_and_no_answer() -> None:
    """Each is a turn. What was said before is what the run has, and it is not said to be whole."""
    async with house() as tested:
        result = await tested.outcome(Agent(Scripted(lambda _: PAUSED), limits=Limits(turns=3)))
    assert (result.status, result.reason, result.output) == ("limit", "3 turns", "I look it up.")


async def test_a_paused_reply_is_no_output() -> None:
    """It is not held to the output's type, nor is anything said against it."""
    async with house() as tested:
        result = await tested.outcome(
            Agent(Scripted([PAUSED, "42"]), output=int, output_mode="prompt", output_retries=0)
        )
    assert (result.status, result.output) == ("completed", 42)


async def test_what_the_provider_said_goes_back_to_it_block_by_block() -> None:
    """The words as words, and its own tools' blocks as it sent them."""
    searching = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
    said = [{"type": "text", "text": "I look it up."}, searching]
    answers: list[Any] = [message(said, "pause_turn"), message([{"type": "text", "text": "42."}], "end_turn")]
    transport = Canned(*((200, JSON, [to_json(answer)]) for answer in answers))
    model = Hosted(
        ANTHROPIC_MESSAGES, "http://there.example", "claude-sonnet-5", provider="anthropic", transport=transport
    )
    async with house() as tested:
        run = await tested.start(Agent(model, streaming=False))
        result = await run.result()
    assert result.output == "42."
    paused = next(event for event in run.log if isinstance(event, ModelReplied))
    assert (paused.stop, paused.raw_stop, paused.content[0]) == ("pause", "pause_turn", Text("I look it up."))
    assert from_json(transport.requests[1].body)["messages"][1:] == [{"role": "assistant", "content": said}]


def message(content: list[Any], stop: str) -> dict[str, Any]:
    """An answer of Anthropic's."""
    return {"type": "message", "content": content, "stop_reason": stop, "usage": {"input_tokens": 1}}
