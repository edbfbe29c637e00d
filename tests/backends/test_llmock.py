"""A third party's fault server judges how we cope: on every wire that it serves, it has nothing to say.

``llmock`` answers as the providers do, breaks as they break, and keeps a journal. Its verdict groups the attempts of a
call and names what the client did wrong: a retry too early, too often, without need or not at all; half a stream taken
for a whole one; a stall that was sat through.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import NamedTuple

import pytest
from llmock.pytest_plugin import LLMock
from llmock.testing import LLMockServer

from loopbus import Agent, RunResult, Runtime, tool
from loopbus.backends import Settings, resolve
from loopbus.backends.contract import Backend
from loopbus.handlers.retry import RetryPolicy
from loopbus.handlers.timeouts import ReplyTimeouts
from loopbus.tools import Tool

SERVED = {
    "openai": "openai",
    "openai-responses": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "cohere": "cohere",
    "mistral": "mistral",
    "groq": "groq",
    "together": "together",
    "perplexity": "perplexity",
    "xai": "xai",
}
"""Our name for a provider, and the server's."""

Fault = Callable[[LLMock], LLMock]

FAULTS: dict[str, Fault] = {
    "failing twice": lambda mock: mock.fail(500, times=2),
    "told when to come back": lambda mock: mock.rate_limit(retry_after=0.2),
    "cut before its first word": lambda mock: mock.truncate(after_chunks=0),
    "cut in the middle": lambda mock: mock.truncate(after_chunks=2),
    "disconnected": lambda mock: mock.disconnect(after_chunks=2),
    "garbled": lambda mock: mock.pace(5).corrupt(after_chunks=2),
    "stalled": lambda mock: mock.stall(after_chunks=2, seconds=1.5),
    "slow to begin": lambda mock: mock.slow_first_token(1.5),
}
"""What goes wrong once or twice, and is over when it is tried again."""
PATIENT, HURRIED = (ReplyTimeouts(first_token_s=wait_s, idle_s=wait_s) for wait_s in (30, 0.3))
SLOW = {"stalled", "slow to begin"}
"""Faults that only somebody in a hurry notices. The others are no matter of time, however busy the machine is."""


class Door(NamedTuple):
    """A model behind the server."""

    mock: LLMock
    backend: Backend


@pytest.fixture(scope="module")
def server() -> Iterator[LLMockServer]:
    """One server for all of these tests."""
    with LLMockServer() as server:
        yield server


@pytest.fixture(params=SERVED)
async def door(request: pytest.FixtureRequest, server: LLMockServer) -> AsyncIterator[Door]:
    """Each wire in turn, with a journal that is empty."""
    mock = LLMock(server).reset()
    url = mock.base_url(SERVED[request.param])
    if request.param == "google":
        url += "/v1beta"
    backend = resolve(f"{request.param}:some-model", api_key="any", base_url=url)
    yield Door(mock, backend)
    await backend.aclose()


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


async def ask(
    door: Door, *, tools: Sequence[Tool] = (), streaming: bool = True, timeouts: ReplyTimeouts = PATIENT
) -> RunResult[str]:
    """Run an agent that tries again, mid-stream too, and waits less long than usual."""
    agent = Agent(
        door.backend,
        tools=tools,
        streaming=streaming,
        settings=Settings(max_tokens=500),
        retry=RetryPolicy(first_s=0.06, mid_stream=True, random=lambda: 1.0),
        timeouts=timeouts,
    )
    async with Runtime() as runtime:
        return await (await runtime.start(agent, "What is 17 + 25?")).outcome()


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_tool_is_called_and_the_answer_comes(door: Door, streaming: bool) -> None:
    """Without a fault: the server asks for the tool, gets its result and answers."""
    tools = [add] if door.backend.capabilities.tools else []
    result = await ask(door, tools=tools, streaming=streaming)
    assert (result.status, bool(result.output)) == ("completed", True), result
    assert len(door.mock.requests) == 1 + len(tools)
    door.mock.assert_resilient(strict=True)


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_may_go_away_is_tried_again(door: Door, fault: str) -> None:
    """The run completes, and neither an error nor a warning stands in the verdict."""
    FAULTS[fault](door.mock)
    result = await ask(door, timeouts=HURRIED if fault in SLOW else PATIENT)
    assert (result.status, bool(result.output)) == ("completed", True), result
    assert len(door.mock.requests) > 1
    door.mock.assert_resilient(strict=True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_will_not_go_away_is_not_tried_again(door: Door, status: int) -> None:
    """One request, one failure."""
    door.mock.fail(status)
    assert (await ask(door)).status == "failed"
    assert len(door.mock.requests) == 1
    door.mock.assert_resilient(strict=True)


async def test_an_outage_is_given_up(door: Door) -> None:
    """Three attempts, further and further apart, and then the run fails."""
    door.mock.outage(status=500)
    assert (await ask(door)).status == "failed"
    assert len(door.mock.requests) == 3
    door.mock.assert_resilient(strict=True)
