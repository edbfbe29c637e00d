"""Chat Completions as Groq speaks it."""

from pydantic_core import to_json

from loopbus.backends.contract import Request, Settings, UsagePiece
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.groq import GROQ_CHAT
from loopbus.backends.wire.sse import Frame
from loopbus.events.content import Message, Refusal, Text, Thinking, ToolCall, user
from loopbus.events.usage import Usage


def test_fields_that_groq_names_otherwise() -> None:
    """The limit, and earlier reasoning; a stream tells its usage unasked."""
    said = Message("assistant", (Thinking("hm"), Text("a")))
    assert GROQ_CHAT.encode(Request([user("hi"), said], settings=Settings(max_tokens=9)), "m", provider="groq") == {
        "model": "m",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "a", "reasoning": "hm"},
        ],
        "max_completion_tokens": 9,
        "stream": True,
    }
    assert GROQ_CHAT.name == "groq.chat"


def test_usage_is_found_in_groqs_own_corner() -> None:
    """Where its streams told it first."""
    reader = GROQ_CHAT.answer(Account("groq"))
    usage = {"prompt_tokens": 2, "completion_tokens": 1}
    assert reader.read(Frame(to_json({"choices": [], "x_groq": {"usage": usage}}))) == [UsagePiece(Usage(2, 1))]
    assert reader.read(Frame(to_json({"choices": [], "x_groq": {"id": "1"}}))) == []
    assert reader.read(Frame(to_json({"choices": [], "x_groq": None}))) == []


def test_what_a_model_said_to_refuse_goes_back_as_text() -> None:
    """Groq refuses a field that it does not know, as ``refusal``."""
    said = Message("assistant", (Text("No. "), Refusal("I will not.")))
    body = GROQ_CHAT.encode(Request([said]), "m", provider="groq")
    assert body["messages"] == [{"role": "assistant", "content": "No. I will not."}]
    called = Message("assistant", (Refusal("I will not."), ToolCall("1", "add")))
    (entry,) = GROQ_CHAT.encode(Request([called]), "m", provider="groq")["messages"]
    assert entry["content"] == "I will not."
