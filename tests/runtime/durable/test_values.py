"""Whatever is JSON or text comes out of a store as it went in, or is refused where it would have come in."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from loopbus.backends import Scripted, call, text
from loopbus.bus import dump
from loopbus.events import Custom, Event, ToolFinished, ToolRequested, TurnFinished
from loopbus.events.frozen import Json
from loopbus.runtime import Agent, Runtime
from loopbus.tools import ToolContext, tool

from ...faults.house import PATIENCE_S, settle
from ...faults.invariants import check_run


class Noted(Custom, name="tests.values.noted"):
    """An application's own fact, with any JSON in it. Published by the tools of these tests."""

    value: Json


@tool
async def echo(context: ToolContext, value: JsonValue) -> Any:
    """Note a value, and give it back."""
    await context.emit(Noted(value=value))
    return value


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=10)
@given(value=VALUES)
@example(value={"\x00": ["\x00", "\U0001f980", -0.0, 2**63, -(2**63) - 1, 5e-324, 1.7976931348623157e308, "\u2028"]})
def test_any_json_comes_out_as_it_went_in(value: JsonValue) -> None:
    """In the arguments of a call, in its result, and in an application's event; and the run goes on with it."""
    with TemporaryDirectory() as folder:
        asyncio.run(_there_and_back(Path(folder) / "runs.db", value))


async def _there_and_back(file: Path, value: JsonValue) -> None:
    echoer = Agent(Scripted([call("echo", value=value), text("done")], per_run=True), tools=[echo], name="echoer")
    url = f"sqlite:///{file}"
    async with asyncio.timeout(PATIENCE_S), Runtime(store=url) as first:

        @first.derive(TurnFinished)
        def leave(_: Event) -> None:
            first.runs[0].leave("it is to be read from the disk")

        run = await first.start(echoer, "go")
        await settle(lambda: not first.runs)
    async with asyncio.timeout(PATIENCE_S), Runtime(store=url, agents=[echoer]) as second:
        again = await second.resume(run.id)
        assert (await again.result()).output == "done"
        await check_run(again)
    assert exact(again.log[: len(run.log)]) == exact(run.log)
    (request,) = [event for event in again.log if isinstance(event, ToolRequested)]
    (noted,) = [event for event in again.log if isinstance(event, Noted)]
    (finished,) = [event for event in again.log if isinstance(event, ToolFinished)]
    assert json.dumps([request.arguments["value"], noted.value]) == json.dumps([value, value])
    assert finished.output == value if isinstance(value, str) else json.loads(finished.output) == value


def exact(log: Any) -> list[str]:
    """The events as JSON, where -0.0 is not 0, and 1 is not 1.0."""
    return [json.dumps(dump(event)) for event in log]


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "\ud800", {"a": ["\udfff"]}, object(), {1, 2}])
async def test_what_is_no_json_is_refused_where_it_would_come_in(value: object) -> None:
    """The tool that emits it is told, and so is the model of a result that is none; the log is as if it never was."""
    refused: list[Exception] = []

    @tool
    async def spoil(context: ToolContext) -> Any:
        """Try to have something recorded that cannot be."""
        try:
            await context.emit(Noted(value=value))  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            refused.append(error)
        return {"given": value}

    async with asyncio.timeout(PATIENCE_S), Runtime(store="sqlite:///:memory:") as runtime:
        run = await runtime.start(Agent(Scripted([call("spoil"), text("done")]), tools=[spoil]), "go")
        assert (await run.result()).output == "done"
        await check_run(run)
        assert len(refused) == 1
        assert not any(isinstance(event, Noted) for event in run.log)
        assert [event async for event in runtime.store.read(run.id)] == list(run.log)
