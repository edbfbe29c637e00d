"""The real engine with a real model, the small one. ``make test-local`` runs these; the first time they download it."""

import os
import signal
import sys
import textwrap
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic_core import from_json

from loopbus.backends.contract import OutputSpec, Request, Settings, TextPiece, ToolCallPiece
from loopbus.backends.errors import ContextOverflow
from loopbus.backends.http import HttpxTransport
from loopbus.backends.local import LocalModel
from loopbus.backends.local.cache import cache_folder
from loopbus.backends.local.catalogue import look_up
from loopbus.backends.local.completions import Completions, Piece
from loopbus.backends.local.engine import Address, Engine
from loopbus.backends.local.weights import obtain
from loopbus.backends.transport import HttpRequest
from loopbus.events.content import Text, user

from ...architecture import ROOT
from ..contract import asking, reply
from .test_engine import is_running, wait_gone
from .tools import WEATHER

pytestmark = pytest.mark.local

BRIEF = Settings(max_tokens=24)


async def small_weights() -> Path:
    """The path of the small model."""
    return await obtain(look_up("smollm2"), lambda _: None)


async def test_it_answers_and_streams() -> None:
    """In words, piece by piece, with the counts; the same prompt gives the same answer."""
    async with aclosing(LocalModel("smollm2")) as model:
        request = Request([user("What is the capital of France?")], settings=BRIEF)
        deltas = [delta async for delta in model.stream(request)]
        assert len([delta for delta in deltas if isinstance(delta, TextPiece)]) > 3
        first, second = await reply(model, request), await reply(model, request)
    assert first.content == second.content
    assert "Paris" in str(first.content)
    assert first.usage.input_tokens > 10
    assert first.usage.output_tokens > 3
    assert second.usage.cached_tokens > 0


async def test_streams_at_the_same_time_share_one_engine() -> None:
    """More of them than it has slots."""
    answers: list[str] = []
    async with aclosing(LocalModel("smollm2")) as model:

        async def ask(number: int) -> None:
            request = Request([user(f"Count to {number}.")], settings=BRIEF)
            answers.append(str((await reply(model, request)).content))

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(ask, number)
        pid = model.engine_pid
        assert pid is not None
        await model.aclose()
        assert not is_running(pid)
    assert len(answers) == 5
    assert all(answers)


async def test_a_demanded_call_fits_the_schema() -> None:
    """Even a model that is too small to call tools by itself writes nothing else."""
    settings = Settings(tool_choice="required", max_tokens=100)
    request = Request([user("How is the weather in Lima?")], tools=[WEATHER], settings=settings)
    async with aclosing(LocalModel("smollm2")) as model:
        (call,) = [delta async for delta in model.stream(request) if isinstance(delta, ToolCallPiece)]
    arguments: dict[str, Any] = from_json(call.arguments)
    assert call.name == "get_weather"
    assert isinstance(arguments["city"], str)
    assert arguments.keys() <= {"city", "unit"}


async def test_an_answer_fits_its_schema() -> None:
    """Even a model that is too small to write JSON by itself writes nothing else."""
    mood: dict[str, Any] = {"type": "string", "enum": ["good", "bad"]}
    form = OutputSpec("Mood", {"type": "object", "properties": {"mood": mood}, "required": ["mood"]})
    async with aclosing(LocalModel("smollm2")) as model:
        said = await reply(model, Request([user("I love it!")], settings=BRIEF, output=form))
    (text,) = [block.text for block in said.content if isinstance(block, Text)]
    assert from_json(text)["mood"] in mood["enum"]


async def test_a_prompt_that_is_too_long_is_refused() -> None:
    """By its own name, so that the conversation can be shortened."""
    async with aclosing(LocalModel("smollm2")) as model:
        with pytest.raises(ContextOverflow):
            await reply(model, asking("word " * 20_000))


async def test_leaving_a_stream_frees_its_slot() -> None:
    """The engine stops writing what nobody reads."""
    transport = HttpxTransport(trust_env=False)
    engine = Engine("smollm2", small_weights, transport)
    async with aclosing(transport), aclosing(engine):
        address = await engine.address()
        prompt = "Once upon a time"
        async with aclosing(Completions(transport, address).complete(prompt, {"n_predict": -1})) as pieces:
            assert isinstance(await anext(pieces), Piece)
            assert await busy_slots(transport, address) == 1
        with anyio.fail_after(10):
            # The engine tells nobody when a slot is free.
            while await busy_slots(transport, address):  # noqa: ASYNC110
                await anyio.sleep(0.05)


async def busy_slots(transport: HttpxTransport, address: Address) -> int:
    """How many slots the engine is writing in."""
    headers = {"authorization": f"Bearer {address.key.get_secret_value()}"}
    async with transport.open(HttpRequest(f"{address.url}/slots", "GET", headers)) as told:
        return sum(slot["is_processing"] for slot in from_json(await told.read(1_000_000)))


PARENT = """
    import asyncio
    from loopbus.backends import Request
    from loopbus.backends.local import LocalModel
    from loopbus.events.content import user

    async def main():
        model = LocalModel("smollm2")
        async for _ in model.stream(Request([user("Tell me a very long story.")])):
            print(model.engine_pid, flush=True)

    asyncio.run(main())
"""


async def test_it_dies_with_a_parent_that_is_killed() -> None:
    """In the middle of a reply."""
    await small_weights()
    async with await anyio.open_process([sys.executable, "-c", textwrap.dedent(PARENT)], stderr=None) as parent:
        assert parent.stdout is not None
        pid = int((await parent.stdout.receive()).split()[0])
        os.kill(parent.pid, signal.SIGKILL)
        await parent.wait()
        await wait_gone(pid)


async def test_the_quickstart_calls_its_tools_and_answers_with_what_they_say() -> None:
    """With the default model, where ``make demo`` has brought it."""
    weights = look_up("")
    if not (cache_folder() / "models" / weights.file).is_file():
        pytest.skip("the default model is not in the cache; `make demo` downloads it")
    done = await anyio.run_process([sys.executable, str(ROOT / "examples" / "quickstart.py")])
    said = done.stdout.decode()
    assert "tool add is called with {'a': 17, 'b': 25}\n  tool add answers 42" in said
    assert "42" in said.partition("turn 2")[2]
    assert said.count("completed after 2 turns") == 2
