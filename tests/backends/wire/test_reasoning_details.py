"""Signed reasoning goes back to OpenRouter as it came, however it was cut."""
# JSON of any shape is put together here.
# pyright: reportArgumentType=false

from typing import Any

import pytest
from pydantic_core import to_json

from loopbus.backends.contract import BlockPiece, Request, StopPiece, TextPiece, ThinkingPiece
from loopbus.backends.errors import Misunderstood
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.openai_chat import ChatReader
from loopbus.backends.wire.openai_chat_dialects import OPENROUTER
from loopbus.backends.wire.openai_chat_request import encode
from loopbus.backends.wire.sse import Frame
from loopbus.events.content import Message, Opaque

WORDS = {"type": "reasoning.text", "index": 0, "format": "anthropic-claude-v1"}
SECRET = {"type": "reasoning.encrypted", "data": "xyz", "id": "rs_1"}


def chunk(*details: Any, reasoning: str = "", text: str = "") -> Frame:
    """One frame of a stream."""
    delta = {"reasoning_details": list(details), "reasoning": reasoning, "content": text}
    return Frame(to_json({"choices": [{"index": 0, "delta": delta, "finish_reason": "stop" if text else None}]}))


FRAMES = [
    chunk({**WORDS, "text": "so ", "signature": None}, reasoning="so "),
    chunk({**WORDS, "text": "far"}, reasoning="far"),
    chunk({**WORDS, "text": "", "signature": "sig"}),
    chunk(SECRET),
    chunk({"type": "reasoning.summary", "summary": "a"}, {"type": "reasoning.summary", "summary": "b"}, text="Hi"),
]
DETAILS = [{**WORDS, "text": "so far", "signature": "sig"}, SECRET, {"type": "reasoning.summary", "summary": "ab"}]


def test_pieces_in_a_row_are_one_entry() -> None:
    """Words are joined, a signature is kept; the words are thinking as ever."""
    reader = ChatReader(Account("openrouter"))
    deltas = [delta for frame in FRAMES for delta in reader.read(frame)]
    assert deltas == [ThinkingPiece("so "), ThinkingPiece("far"), TextPiece("Hi")]
    assert reader.finish() == [
        BlockPiece(Opaque("openrouter", {"reasoning_details": DETAILS})),
        StopPiece("end", "stop"),
    ]


def test_what_came_goes_back() -> None:
    """To OpenRouter, and to nobody else."""
    reader, fold = ChatReader(Account("openrouter")), ReplyFold()
    for delta in [*(delta for frame in FRAMES for delta in reader.read(frame)), *reader.finish()]:
        fold.add(delta)
    request = Request([Message("assistant", fold.content())])
    (entry,) = encode(request, "m", provider="openrouter", dialect=OPENROUTER)["messages"]
    assert entry == {"role": "assistant", "content": "Hi", "reasoning": "so far", "reasoning_details": DETAILS}
    (entry,) = encode(request, "m", provider="acme")["messages"]
    assert entry == {"role": "assistant", "content": "Hi"}


@pytest.mark.parametrize("details", [{"text": "x"}, ["x"], [{"text": 1}], [None]])
def test_details_of_another_shape_are_misunderstood(details: Any) -> None:
    """Not passed over: they are to be sent back whole."""
    delta = {"choices": [{"index": 0, "delta": {"reasoning_details": details}}]}
    with pytest.raises(Misunderstood, match="is no Chat Completion"):
        ChatReader(Account("openrouter")).read(Frame(to_json(delta)))
