"""Messages as items of the Responses API: every block in its place, and answers back as they came."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownVariableType=false

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from pydantic_core import to_json

from loopbus.backends.contract import Request
from loopbus.backends.errors import Refused
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.openai_responses import ResponsesReader
from loopbus.backends.wire.openai_responses_request import encode
from loopbus.events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)

Json = dict[str, Any]


def items(*sent: Message) -> list[Json]:
    """The items of the request."""
    return encode(Request(sent), "m", provider="acme")["input"]


def assistant(*blocks: Block) -> Message:
    """What the model said earlier."""
    return Message("assistant", blocks)


def tool(*results: ToolResult) -> Message:
    """What its tools answered."""
    return Message("tool", results)


def test_every_kind_of_content_has_its_part() -> None:
    """Bytes go as base64, addresses as they are; what is another provider's stays away."""
    blocks: list[Block] = [
        Text("see"),
        Refusal("no"),
        Image("image/png", data=b"png"),
        Image("image/*", url="https://x/y.png"),
        Audio("audio/mpeg", data=b"mp3"),
        File("application/pdf", data=b"pdf", name="a.pdf"),
        File("application/pdf", data=b"pdf"),
        File("application/pdf", url="https://x/a.pdf"),
        Opaque("acme", {"type": "input_file", "file_id": "f1"}),
        Opaque("other", {"type": "input_file", "file_id": "f2"}),
        Opaque("acme", "no item"),
        Opaque("acme", {"audio": {"id": "from Chat Completions"}}),
    ]
    assert items(Message("user", tuple(blocks)))[0]["content"] == [
        {"type": "input_text", "text": "see"},
        {"type": "input_text", "text": "no"},
        {"type": "input_image", "image_url": "data:image/png;base64,cG5n"},
        {"type": "input_image", "image_url": "https://x/y.png"},
        {"type": "input_audio", "input_audio": {"data": "bXAz", "format": "mp3"}},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,cGRm"},
        {"type": "input_file", "filename": "file", "file_data": "data:application/pdf;base64,cGRm"},
        {"type": "input_file", "file_url": "https://x/a.pdf"},
        {"type": "input_file", "file_id": "f1"},
    ]


def test_text_alone_is_text() -> None:
    """Of whatever role; instructions in the midst of a conversation stay there."""
    assert items(Message("system", (Text("Be brief."),)), user("hi"), assistant(Text("ho"))) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "ho"},
    ]


def test_an_answer_to_the_providers_own_tools_is_an_item() -> None:
    """Such as an approval, with or without words beside it."""
    approval: dict[str, JsonValue] = {"type": "mcp_approval_response", "approval_request_id": "r1", "approve": True}
    assert items(user(Opaque("acme", approval))) == [approval]
    assert items(user("go", Opaque("acme", approval))) == [approval, {"role": "user", "content": "go"}]


def test_calls_and_results_agree_on_their_ids() -> None:
    """Also where the provider gave one twice, or none; arguments that were no JSON go back as none."""
    call = ToolCall("c.0", "add", {"a": 1}, "x")
    again = ToolCall("c.1", "add", {}, "x", malformed="{")
    nameless = ToolCall("c.2", "add")
    sent = items(
        assistant(Text("Adding."), call, again, nameless),
        tool(ToolResult("c.2", "add", "2"), ToolResult("c.0", "add", "0"), ToolResult("c.1", "add", "1")),
    )
    assert sent[:2] == [
        {"role": "assistant", "content": "Adding."},
        {"type": "function_call", "call_id": "x", "name": "add", "arguments": '{"a":1}'},
    ]
    assert [item["arguments"] for item in sent[2:4]] == ["{}", "{}"]
    ids = [item["call_id"] for item in sent[1:4]]
    assert len(set(ids)) == 3
    assert [(item["call_id"], item["output"]) for item in sent[4:]] == [(ids[2], "2"), (ids[0], "0"), (ids[1], "1")]


def test_a_result_may_hold_pictures() -> None:
    """Beside its text, or alone."""
    picture = Image("image/png", data=b"png")
    part = {"type": "input_image", "image_url": "data:image/png;base64,cG5n"}
    results = [ToolResult("1", "see", "look", parts=(picture,)), ToolResult("2", "see", "", parts=(picture,))]
    sent = items(assistant(ToolCall("1", "see"), ToolCall("2", "see")), tool(*results))
    assert [item["output"] for item in sent[2:]] == [[{"type": "input_text", "text": "look"}, part], [part]]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (user(Audio("audio/wav", url="https://x/a.wav")), "as bytes"),
        (user(ToolResult("1", "add", "2")), "cannot hold a ToolResult"),
        (Message("tool", (Text("2"),)), "holds tool results, not Text"),
    ],
)
def test_a_block_in_the_wrong_place_is_refused(message: Message, words: str) -> None:
    """Before anything is sent, and with what to do."""
    with pytest.raises(Refused, match=words):
        items(message)


def test_a_refusal_is_a_part() -> None:
    """It is no text of the model's."""
    assert items(assistant(Text("a"), Refusal("no")))[0]["content"] == [
        {"type": "output_text", "text": "a"},
        {"type": "refusal", "refusal": "no"},
    ]


def test_reasoning_that_leads_to_nothing_stays_away() -> None:
    """The provider would refuse it; so a reply that was cut there can be followed by another question."""
    seal: dict[str, JsonValue] = {"type": "reasoning", "summary": [], "encrypted_content": "s3al"}
    cut = assistant(Thinking("Hm."), Opaque("acme", seal))
    assert items(user("a"), cut, user("b")) == [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    assert items(assistant(Thinking("Hm."), Opaque("acme", seal), Text("a"))) == [
        seal,
        {"role": "assistant", "content": "a"},
    ]


def test_another_providers_blocks_stay_away() -> None:
    """Their reasoning, their pictures, what stands beside them."""
    seal: dict[str, JsonValue] = {"type": "reasoning", "encrypted_content": "s3al"}
    blocks = [Thinking("Hm.", "signature"), Opaque("other", seal), Image("image/png", data=b"png"), Text("a")]
    assert items(assistant(*blocks)) == [{"role": "assistant", "content": "a"}]


SEALED: Json = {"type": "reasoning", "summary": [], "encrypted_content": "s3al"}
OPEN: Json = {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}
PICTURE: Json = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "cG5n"}
SEARCH: Json = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "x"}}
CUSTOM: Json = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c9", "name": "sh", "input": "ls"}


def message(text: str, **fields: str) -> Json:
    """An item with text, as it is sent back."""
    return {"role": "assistant", "content": text, **fields}


ITEMS = st.one_of(
    st.sampled_from([SEALED, OPEN, PICTURE, SEARCH, CUSTOM]),
    st.builds(message, st.text(min_size=1), phase=st.sampled_from(["commentary", "final_answer"])),
    st.builds(
        lambda number, beside: (
            {"type": "function_call", "call_id": f"c{number}", "name": "f", "arguments": "{}"} | beside
        ),
        st.integers(),
        st.sampled_from([{}, {"namespace": "crm"}]),
    ),
)


def answered(item: Json) -> Json:
    """The item as the provider had answered it."""
    if item.get("role") == "assistant":
        item = {**item, "type": "message", "content": [{"type": "output_text", "text": item["content"]}]}
    return item


@given(st.lists(ITEMS, max_size=6, unique_by=lambda item: item.get("call_id", id(item))))
def test_an_answer_goes_back_as_it_came(output: list[Json]) -> None:
    """Item by item, in its order: sealed, open, spoken, called, done by the provider."""
    fold = ReplyFold()
    body = to_json({"status": "completed", "output": [answered(item) for item in output]})
    for delta in ResponsesReader(Account("acme")).read_whole(body):
        fold.add(delta)
    while output and output[-1].get("type") == "reasoning":
        output.pop()
    assert items(assistant(*fold.reply().content)) == output


def test_an_id_that_another_provider_gave_may_be_too_long() -> None:
    """It is replaced, in the call and in its result."""
    call = Message("assistant", (ToolCall("1", "add", {}, "x" * 65),))
    asked, answered = items(call, Message("tool", (ToolResult("1", "add", "3", provider_id="x" * 65),)))
    assert asked["call_id"] == answered["call_id"] == "call_0"
