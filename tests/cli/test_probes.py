"""Each step tells a model that can from one that cannot, and says what to do."""

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from loopbus.backends import (
    Backend,
    Broken,
    Busy,
    Capabilities,
    Delta,
    Misunderstood,
    Refused,
    Request,
    Scripted,
    call,
    fail,
    resolve,
)
from loopbus.cli.probes import Outcome, probe

from ..backends.servers import DONE, END, HEAD, Connection, chunked, event, piece, serving, stop

SUM = '{"sum": 42}'
CALL = call("add", a=17, b=25)
CALLED = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": '{"a": 17, "b": 25}'}}
JSON = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"


class Claiming(Scripted):
    """A script that claims what it is told to."""

    def __init__(self, *replies: Any, can: Capabilities | None = None) -> None:
        super().__init__(replies, stream="words")
        self._can = can or Capabilities(output=True)

    @property
    def capabilities(self) -> Capabilities:
        return self._can


async def outcomes(backend: Backend, timeout_s: float = 5) -> list[Outcome]:
    """All steps."""
    return [outcome async for outcome in probe(backend, timeout_s)]


async def outcome_of(step: str, *replies: Any) -> Outcome:
    """What comes of a step that is answered by the last of these."""
    (found,) = (each for each in await outcomes(Claiming(*replies)) if each.step == step)
    return found


def answer(status: bytes, body: bytes) -> bytes:
    """A whole HTTP answer."""
    return JSON % (status, len(body), body)


def whole(text: str) -> bytes:
    """A whole Chat Completion."""
    return answer(b"200 OK", b'{"choices": [{"message": {"content": "%s"}, "finish_reason": "stop"}]}' % text.encode())


async def test_a_model_that_can_everything_passes_every_step() -> None:
    """In order; each says what was seen."""
    seen = await outcomes(Claiming("ready", "one two three", CALL, SUM))
    assert [(each.step, each.status) for each in seen] == [
        ("sign-in", "ok"),
        ("streaming", "ok"),
        ("tool call", "ok"),
        ("structured output", "ok"),
    ]
    assert ["'ready'" in seen[0].said, "pieces" in seen[1].said, "add(a=17, b=25)" in seen[2].said] == [True] * 3


async def test_what_a_model_does_not_claim_is_not_asked() -> None:
    """It costs nothing, and the reason is said."""
    none = Capabilities(streaming=False, tools=False)
    seen = await outcomes(Claiming("ready", can=none))
    assert [each.status for each in seen] == ["ok", "skipped", "skipped", "skipped"]
    assert all(each.said for each in seen)


async def test_after_a_failed_sign_in_nothing_is_asked() -> None:
    """The rest would fail for the same reason."""
    seen = await outcomes(Claiming(fail(Refused("wrong key", status=401))))
    assert [each.status for each in seen] == ["failed", "skipped", "skipped", "skipped"]
    assert (seen[0].said, seen[0].advice, seen[0].error) == ("wrong key", "", "Refused")


async def test_after_another_failed_step_the_others_are_asked() -> None:
    """They may work."""
    seen = await outcomes(Claiming("ready", fail(Refused("no streams")), CALL, SUM))
    assert [each.status for each in seen] == ["ok", "failed", "ok", "ok"]
    assert "streaming=False" in seen[1].advice


@pytest.mark.parametrize(
    ("step", "replies", "said"),
    [
        ("streaming", ("ready", ""), "no text"),
        ("tool call", ("ready", "one two", "it is 42"), "'it is 42'"),
        ("tool call", ("ready", "one two", call("subtract", a=17, b=25)), "subtract"),
        ("tool call", ("ready", "one two", call("add", a="17", b=25)), "instead of"),
        ("tool call", ("ready", "one two", call("add", a=True, b=25)), "instead of"),
        ("structured output", ("ready", "one two", CALL, "it is 42"), "'it is 42'"),
        ("structured output", ("ready", "one two", CALL, '{"sum": "42"}'), "schema"),
        ("structured output", ("ready", "one two", CALL, "[42]"), "schema"),
        ("structured output", ("ready", "one two", CALL, "x" * 500), "x..."),
    ],
)
async def test_an_answer_that_is_not_what_was_asked_for_fails(step: str, replies: tuple[Any, ...], said: str) -> None:
    """It is quoted, not at full length, and what to do is said."""
    outcome = await outcome_of(step, *replies)
    assert outcome.status == "failed"
    assert said in outcome.said
    assert len(outcome.said) < 200
    assert outcome.advice


async def test_a_stream_in_one_piece_is_said_to_be_one() -> None:
    """It is no failure, but no stream for a reader either."""
    outcome = await outcome_of("streaming", "ready", "one")
    assert (outcome.status, "one piece" in outcome.said) == ("ok", True)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (Busy("slow down", retry_after_s=3), "limits"),
        (Misunderstood("no JSON", frame=b"<html>"), "base URL"),
        (Broken("lost"), "ask again"),
        (ValueError("a bug"), "mend the backend"),
    ],
)
async def test_what_goes_wrong_says_what_to_do(error: Exception, advice: str) -> None:
    """By whose fault it is; also of a backend that raises what it should not."""
    seen = await outcomes(Raising(error))
    assert seen[0].error == type(error).__name__
    assert str(error) in seen[0].said
    assert advice in seen[0].advice


class Raising(Claiming):
    """A backend that raises whatever it is told to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        raise self._error
        yield


async def test_time_out_and_cancellation_leave_no_connection_open() -> None:
    """A server that never answers; the step has failed, the next one may have better luck."""

    async def hang(connection: Connection) -> None:
        await connection.wait_gone()

    async with serving(hang) as server:
        backend = resolve(f"{server.url}/v1#m")
        (first, *_) = await outcomes(backend, timeout_s=0.05)
        assert (first.status, first.error) == ("failed", "TimeoutError")
        await server.wait_open(0)
        with anyio.move_on_after(0.05):
            await outcomes(backend, timeout_s=60)
        await server.wait_open(0)
        await backend.aclose()


async def test_a_server_that_speaks_the_wire_passes() -> None:
    """Whole and streamed, over HTTP: a tool's schema and the answer's are in what it hears."""
    heard: list[Any] = []

    async def serve(connection: Connection) -> None:
        body = connection.json
        heard.append(body)
        if not body.get("stream"):
            await connection.send(whole("ready"))
        elif "tools" in body:
            called = event({"choices": [{"index": 0, "delta": {"tool_calls": [CALLED]}, "finish_reason": None}]})
            await connection.send(HEAD, chunked(called + stop("tool_calls") + DONE), END)
        else:
            words = piece(SUM) if "response_format" in body else piece("one") + piece(" two")
            await connection.send(HEAD, chunked(words + stop() + DONE), END)

    async with serving(serve) as server:
        backend = resolve("openai:gpt-5.2", base_url=f"{server.url}/v1", api_key="sk-1")
        seen = await outcomes(backend)
        await backend.aclose()
    assert [each.status for each in seen] == ["ok"] * 4, seen
    assert heard[2]["tools"][0]["function"]["name"] == "add"
    assert heard[3]["response_format"]["json_schema"]["schema"]["required"] == ["sum"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (b"401 No", b'{"error": {"message": "bad key sk-secret-1"}}', "OPENAI_API_KEY"),
        (b"404 No", b'{"error": {"message": "no such model"}}', "check the model's name"),
        (b"200 OK", b"<html>hello</html>", "base URL"),
    ],
)
async def test_a_server_that_does_not_says_why(
    monkeypatch: pytest.MonkeyPatch, status: bytes, body: bytes, words: str
) -> None:
    """The variable of the key is named, the key is not."""

    async def serve(connection: Connection) -> None:
        await connection.send(answer(status, body))

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-1")
    async with serving(serve) as server:
        backend = resolve("openai:gpt-5.2", base_url=f"{server.url}/v1")
        first, *rest = await outcomes(backend)
        await backend.aclose()
    assert first.status == "failed"
    assert words in first.said + first.advice
    assert "secret" not in first.said
    assert {each.status for each in rest} == {"skipped"}
