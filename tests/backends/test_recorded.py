"""What real providers answered comes out with the meaning that their own clients gave it."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from loopbus.backends.contract import Reply, Request
from loopbus.backends.errors import BackendError
from loopbus.backends.fold import ReplyFold
from loopbus.backends.http import HttpxTransport, load_httpx
from loopbus.backends.openai_compatible import OpenAICompatible
from loopbus.events.content import Refusal, Text, Thinking, ToolCall, user
from loopbus.events.usage import Usage

from .cuts import cut_at
from .recorded import Recording, needs_recordings, recordings

httpx: Any = load_httpx()

pytestmark = needs_recordings

WAYS: dict[str, Callable[[bytes], Sequence[bytes]]] = {
    "whole": lambda body: [body],
    "byte by byte": lambda body: cut_at(body, list(range(1, len(body)))),
    "at random": lambda body: cut_at(body, random.Random(body).choices(range(len(body) + 1), k=30)),
}


class Chunks(httpx.AsyncByteStream):
    """A recorded body, cut."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> Any:
        for chunk in self._chunks:
            yield chunk


async def replay(recording: Recording, cut: Callable[[bytes], Sequence[bytes]]) -> Reply:
    """Send a request whose answer is the recorded one."""

    def answer(request: Any) -> Any:
        return httpx.Response(recording.status, headers=recording.headers, stream=Chunks(cut(recording.body)))

    transport = HttpxTransport(inner=httpx.MockTransport(answer))
    backend = OpenAICompatible("http://127.0.0.1/v1", "m", provider=recording.provider, transport=transport)
    fold = ReplyFold()
    async for delta in backend.stream(Request([user("hi")], streaming=recording.streaming)):
        fold.add(delta)
    await backend.aclose()
    return fold.reply()


def joined(reply: Reply, kind: type[Text | Thinking | Refusal]) -> str:
    """All text of one kind."""
    return "".join(block.text for block in reply.content if isinstance(block, kind))


def calls(reply: Reply) -> list[tuple[str, object]]:
    """Name and arguments of each call; arguments that are no JSON object are their text."""
    found = (block for block in reply.content if isinstance(block, ToolCall))
    return [(call.name, dict(call.arguments) if call.malformed is None else call.malformed) for call in found]


def expected_calls(expected: dict[str, Any]) -> list[tuple[str, object]]:
    """The same of the recording; a legacy function call counts as a call."""
    found: list[dict[str, Any]] = list(expected.get("tool_calls") or [])
    if expected.get("function_call"):
        found.append(expected["function_call"])
    return [(call["name"], call["arguments"]) for call in found]


def expected_usage(recording: Recording, reply: Reply) -> Usage:
    """The recorded counts in our way of counting."""
    counts: dict[str, int | None] = recording.expected.get("usage") or {}
    reasoning = counts.get("reasoning") or 0
    return Usage(
        input_tokens=counts.get("input") or 0,
        # xAI counts reasoning beside the output, we count it inside.
        output_tokens=(counts.get("output") or 0) + (reasoning if recording.provider == "xai" else 0),
        cached_tokens=counts.get("cached") or 0,
        # OpenRouter tells it; OpenAI's client, which ``expected`` comes from, does not know the field.
        cache_write_tokens=counts.get("cache_write") or reply.usage.cache_write_tokens,
        reasoning_tokens=reasoning,
    )


@pytest.mark.parametrize("way", WAYS)
async def test_recorded_answers_mean_what_they_meant(way: str) -> None:
    """Text, calls, stop, usage, reasoning and refusal of every recorded answer, however its bytes are cut."""
    for recording in recordings("openai.chat"):
        expected = recording.expected
        if expected.get("error"):
            continue
        reply = await replay(recording, WAYS[way])
        assert joined(reply, Text) == (expected.get("text") or ""), recording.name
        assert calls(reply) == expected_calls(expected), recording.name
        assert reply.raw_stop == expected["stop_reason"], recording.name
        assert reply.usage == expected_usage(recording, reply), recording.name
        assert joined(reply, Thinking).split() == (expected.get("thinking_text") or "").split(), recording.name
        assert joined(reply, Refusal) == (expected.get("refusal") or ""), recording.name


async def test_recorded_errors_are_told_in_the_providers_words() -> None:
    """Status, code and message of every recorded error, and the wait where one was asked for."""
    for recording in recordings("openai.chat"):
        expected = recording.expected.get("error")
        if not expected:
            continue
        with pytest.raises(BackendError) as caught:
            await replay(recording, WAYS["whole"])
        error = caught.value
        assert (error.status, error.provider) == (expected["status"], recording.provider)
        assert error.code == str(expected["code"] or expected["type"] or ""), recording.name
        assert expected["message"] in str(error), recording.name
        assert getattr(error, "retry_after_s", None) == (expected["retry_after"] and float(expected["retry_after"]))


def test_there_are_recordings_to_replay() -> None:
    """A moved folder does not turn the tests above into ones that prove nothing."""
    assert len(recordings("openai.chat")) > 200
