"""The engine is spoken to over HTTP; what it says wrong is told by our errors."""

from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_core import from_json

from loopbus.backends.errors import BackendError, Broken, ContextOverflow, Incomplete, Misunderstood, Refused
from loopbus.backends.local.completions import Completions, End, Piece
from loopbus.backends.local.engine import Address
from loopbus.events.usage import Usage

from ..servers import Canned, event

ADDRESS = Address("http://127.0.0.1:1", SecretStr("secret-key"))
END = {
    "stop": True,
    "content": "",
    "stop_type": "eos",
    "tokens_evaluated": 12,
    "tokens_predicted": 2,
    "timings/cache_n": 5,
}


def piece(text: str, *logprobs: float) -> bytes:
    """One event of a completion, as the engine writes it."""
    told = {"completion_probabilities": [{"token": "x", "logprob": logprob} for logprob in logprobs]}
    return event({"content": text, "stop": False} | (told if logprobs else {}))


async def complete(*chunks: bytes, status: int = 200) -> tuple[list[Piece | End], Canned]:
    """What comes of an answer, and the transport that carried it."""
    transport = Canned((status, {}, chunks))
    found = Completions(transport, ADDRESS).complete("Once", {"n_predict": 5})
    return [item async for item in found], transport


async def test_pieces_come_as_they_are_written() -> None:
    """With the least likely token's probability, and the counts at the end."""
    items, _ = await complete(piece("upon", -0.5, -2.0)[:9], piece("upon", -0.5, -2.0)[9:], piece(" a"), event(END))
    assert items == [Piece("upon", -2.0), Piece(" a", 0.0), Piece("", 0.0), End("eos", Usage(12, 2, 5))]


async def test_a_request_carries_the_key_and_the_settings() -> None:
    """And asks for a stream whose end does not repeat the prompt."""
    _, transport = await complete(event(END))
    (request,) = transport.requests
    body: dict[str, Any] = from_json(request.body)
    assert request.url == "http://127.0.0.1:1/completion"
    assert request.headers["authorization"] == "Bearer secret-key"
    # The engine hangs up on idle connections, and would do so just as one is used again.
    assert request.headers["connection"] == "close"
    assert body.pop("response_fields")
    assert body == {"n_predict": 5, "prompt": "Once", "stream": True}


async def test_a_conversation_is_rendered_by_the_models_own_template() -> None:
    """The engine has it from the weights."""
    transport = Canned((200, {}, [b'{"prompt": "<user>hi"}']))
    turns = [{"role": "user", "content": "hi"}]
    assert await Completions(transport, ADDRESS).render(turns) == "<user>hi"
    assert from_json(transport.requests[0].body) == {"messages": turns}
    assert transport.requests[0].url == "http://127.0.0.1:1/apply-template"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"error": {"code": 400, "type": "exceed_context_size_error", "message": "long"}}', ContextOverflow),
        (401, b'{"error": {"code": 401, "type": "authentication_error", "message": "secret-key"}}', Refused),
        (500, b"no JSON", Broken),
    ],
)
async def test_a_refusal_is_told_by_our_errors(status: int, body: bytes, error: type[BackendError]) -> None:
    """Without the key."""
    with pytest.raises(error) as caught:
        await complete(body, status=status)
    assert caught.value.status == status
    assert "secret-key" not in str(caught.value)
    with pytest.raises(error):
        await Completions(Canned((status, {}, [body])), ADDRESS).render([])


async def test_an_error_inside_the_stream_is_an_error() -> None:
    """Though its status was 200."""
    with pytest.raises(ContextOverflow):
        await complete(piece("a"), event({"error": {"type": "exceed_context_size_error", "message": "full"}}))


async def test_a_stream_that_just_ends_is_incomplete() -> None:
    """Half an answer is never a whole one."""
    with pytest.raises(Incomplete):
        await complete(piece("half an"))


async def test_bytes_that_are_no_json_are_misunderstood() -> None:
    """The frame is in the error."""
    with pytest.raises(Misunderstood, match="nonsense"):
        await complete(b"data: nonsense\n\n")
