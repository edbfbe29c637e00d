"""Requests of InvokeModel: each family's body, and what it cannot carry."""

from typing import Any

import pytest

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.bedrock_invoke_request import encode
from loopbus.events.content import Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult, user

from .test_bedrock_converse_request import ADD, Spec

TALK = [
    user("hi"),
    Message("assistant", (Thinking("hm"), Text("Hello."), Opaque("other", {}))),
    user("and?"),
]
SETTINGS = Settings(max_tokens=5, temperature=0.5, top_p=1, top_k=3, stop=("|",))
LLAMA, MISTRAL, TITAN = "us.meta.llama3-8b", "mistral.mistral-7b-instruct-v0:2", "amazon.titan-text-lite-v1"
DEEPSEEK = "us.deepseek.r1-v1:0"


def body(model: str, *sent: Message, instructions: str = "", **given_: Any) -> dict[str, Any]:
    """The request."""
    request = Request(sent or TALK, instructions, settings=Settings(**given_))
    return encode(request, model, provider="acme")


def test_claude_gets_the_body_of_messages() -> None:
    """With a version in the place of the model, and no word of streaming."""
    sent = body("us.anthropic.claude-3-5-haiku-20241022-v1:0", user("hi"), max_tokens=5)
    assert sent == {
        "anthropic_version": "bedrock-2023-05-31",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "max_tokens": 5,
    }


def test_nova_gets_the_body_of_converse() -> None:
    """With a version of its own, its own word for the limit, and ``topK`` among the rest."""
    call, result = ToolCall("c.0", "add", {"a": 1}, "t1"), ToolResult("c.0", "add", "3")
    history = [user("hi"), Message("assistant", (call,)), Message("tool", (result,))]
    sent = encode(Request(history, "Be brief.", [Spec()], Settings(max_tokens=5, top_k=3)), "us.amazon.nova-lite-v1:0")
    assert sent == {
        "schemaVersion": "messages-v1",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "hi"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "add", "input": {"a": 1}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "3"}]}}]},
        ],
        "inferenceConfig": {"max_new_tokens": 5, "topK": 3},
        "toolConfig": {"tools": [ADD]},
    }
    assert body("amazon.nova-micro-v1:0", user("hi")).keys() == {"schemaVersion", "messages"}
    with pytest.raises(Refused, match="no output schema in InvokeModel"):
        encode(Request([user("hi")], output=OutputSpec("City", {})), "amazon.nova-micro-v1:0")


def test_titan_gets_a_text() -> None:
    """A lone question as it is, a conversation with its speakers named."""
    assert encode(Request([user("hi")], settings=SETTINGS), TITAN) == {
        "inputText": "hi",
        "textGenerationConfig": {"maxTokenCount": 5, "temperature": 0.5, "topP": 1, "stopSequences": ["|"]},
    }
    assert body(TITAN, instructions="Be brief.") == {
        "inputText": "User: Be brief.\n\nhi\nBot: Hello.\nUser: and?\nBot:"
    }


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        (
            LLAMA,
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nand?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (MISTRAL, "<s>[INST] Be brief.\n\nhi [/INST] Hello.</s>[INST] and? [/INST]"),
        (
            DEEPSEEK,
            "<\uff5cbegin\u2581of\u2581sentence\uff5c>Be brief.<\uff5cUser\uff5c>hi"
            "<\uff5cAssistant\uff5c>Hello.<\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>and?"
            "<\uff5cAssistant\uff5c><think>\n",
        ),
    ],
)
def test_a_conversation_becomes_a_prompt_with_the_marks_of_the_family(model: str, prompt: str) -> None:
    """The system prompt stands in its own form, or before what the user said first."""
    assert body(model, instructions="Be brief.") == {"prompt": prompt}
    apart = [Message("system", (Text("Be brief."),)), *TALK]
    assert body(model, *apart) == {"prompt": prompt}


def test_without_a_system_prompt_there_is_no_form_for_one() -> None:
    """Only what was said."""
    assert body(MISTRAL, user("hi")) == {"prompt": "<s>[INST] hi [/INST]"}
    assert "system" not in body(LLAMA, user("hi"))["prompt"]


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (LLAMA, {"max_gen_len": 5, "temperature": 0.5, "top_p": 1}),
        (MISTRAL, {"max_tokens": 5, "temperature": 0.5, "top_p": 1, "top_k": 3, "stop": ["|"]}),
        (DEEPSEEK, {"max_tokens": 5, "temperature": 0.5, "top_p": 1, "stop": ["|"]}),
    ],
)
def test_settings_have_the_names_of_the_family(model: str, fields: dict[str, Any]) -> None:
    """What it has no name for is left out."""
    sent = encode(Request([user("hi")], settings=SETTINGS), model)
    assert {name: value for name, value in sent.items() if name != "prompt"} == fields


@pytest.mark.parametrize("model", [LLAMA, MISTRAL, DEEPSEEK, TITAN])
def test_a_model_that_continues_a_text_takes_nothing_else(model: str) -> None:
    """No tools, no schema, no pictures, no results: refused before anything is sent."""
    picture = user(Image("image/png", data=b"x"))
    result = Message("tool", (ToolResult("c.0", "add", "3"),))
    for request in (
        Request(TALK, tools=[Spec()]),
        Request(TALK, output=OutputSpec("City", {})),
        Request([picture]),
        Request([user("hi"), result]),
    ):
        with pytest.raises(Refused, match="continues a text"):
            encode(request, model)


def test_cohere_gets_the_body_of_its_first_chat() -> None:
    """Without the model and the streaming, which the address says."""
    sent = body("cohere.command-r-v1:0", max_tokens=5)
    assert (sent["message"], sent["max_tokens"]) == ("and?", 5)
    assert not sent.keys() & {"model", "stream"}


@pytest.mark.parametrize("model", ["openai.gpt-oss-120b-1:0", "mistral.pixtral-large-2502-v1:0", "who.knows"])
def test_newer_models_get_the_body_of_chat_completions(model: str) -> None:
    """As does one that nobody knows yet."""
    assert body(model, user("hi"), max_tokens=5) == {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}


def test_extra_body_is_merged_last() -> None:
    """For every family."""
    for model in (LLAMA, TITAN, "amazon.nova-micro-v1:0", "anthropic.claude-v2", "who.knows"):
        assert body(model, extra_body={"x": 1})["x"] == 1
