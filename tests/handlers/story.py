"""Logs of runs, told in a test: events with their stamps, one second apart."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from loopbus.bus.event import Event, stamp
from loopbus.events import (
    ModelReplied,
    ModelRequested,
    RunFinished,
    RunStarted,
    Text,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
    user,
)

MODEL = "openai:gpt-5.2"
SOME = Usage(10, 5)
BEGAN = 1_000_000.0
"""When each run begins, in seconds since the epoch."""


def stamped(*events: Event, run_id: str = "abc-1", began: float = BEGAN) -> list[Event]:
    """The events with their places in the log; each is caused by the one before it."""
    for place, event in enumerate(events):
        stamp(event, run_id, place + 1, began + place, place)
    return list(events)


def started(prompt: str = "What is 17 + 25?", *, session: str | None = None) -> RunStarted:
    """A run begins."""
    return RunStarted(agent="adder", model=MODEL, prompt=user(prompt), tools=("add",), session=session)


def requested(turn: int = 1) -> ModelRequested:
    """The model is asked."""
    return ModelRequested(turn=turn, model=MODEL, messages=1)


def replied(*blocks: Text | ToolCall, turn: int = 1, usage: Usage = SOME) -> ModelReplied:
    """The model has answered."""
    stop = "tool_calls" if any(isinstance(block, ToolCall) for block in blocks) else "end"
    return ModelReplied(turn=turn, content=blocks, stop=stop, usage=usage, model=MODEL)


def called(call_id: str, name: str, arguments: Mapping[str, JsonValue], output: str) -> Iterator[Event]:
    """A tool call from the wish to the result."""
    yield ToolRequested(call_id=call_id, name=name, arguments=arguments)
    yield ToolStarted(call_id=call_id, name=name)
    yield ToolFinished(call_id=call_id, name=name, outcome="ok", output=output, elapsed_s=0.25)


def an_addition(run_id: str = "abc-1", *, began: float = BEGAN, session: str | None = None) -> list[Event]:
    """A whole run: two turns, one tool call."""
    return stamped(
        started(session=session),
        TurnStarted(turn=1),
        requested(),
        replied(Text("Let me add."), ToolCall("c1", "add", {"a": 17, "b": 25})),
        *called("c1", "add", {"a": 17, "b": 25}, "42"),
        TurnFinished(turn=1, final=False),
        TurnStarted(turn=2),
        requested(2),
        replied(Text("It is 42."), turn=2),
        TurnFinished(turn=2, final=True),
        RunFinished(status="completed", output="It is 42.", usage=Usage(20, 10), turns=2),
        run_id=run_id,
        began=began,
    )
