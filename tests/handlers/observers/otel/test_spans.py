"""What each span says, in the words of OpenTelemetry's conventions."""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanKind

from loopbus.events import (
    Event,
    FallbackChosen,
    Fault,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    RunFinished,
    RunStarted,
    Status,
    Text,
    ToolFinished,
    ToolRequested,
    Usage,
    user,
)
from loopbus.handlers.observers import OpenTelemetrySpans

from ...story import an_addition, replied, requested, stamped, started
from .spans import Collected, attributes


def spans_of(events: list[Event], *, content: bool = False) -> Collected:
    """What an observer makes of these events."""
    collected = Collected()
    observer = OpenTelemetrySpans(collected.provider, content=content)
    for event in events:
        observer(event)
    return collected


def test_the_run_says_who_did_what_and_what_it_took() -> None:
    """Agent, model, provider, session, tokens, status."""
    span = spans_of(an_addition(session="alice")).one("invoke_agent")
    assert span.kind is SpanKind.INTERNAL
    assert attributes(span) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "adder",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.conversation.id": "alice",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 10,
        "loopbus.run_id": "abc-1",
        "loopbus.status": "completed",
        "loopbus.turns": 2,
    }


def test_a_model_call_says_what_it_took_and_why_it_ended() -> None:
    """Cached, written and reasoning tokens where there are any; the provider's own word for the end."""
    reply = ModelReplied(
        turn=1, content=(Text("hi"),), stop="end", raw_stop="stop", usage=Usage(100, 50, 30, 20, 10), model="m"
    )
    span = spans_of(stamped(started(), requested(), reply)).one("chat gpt-5.2")
    assert span.kind is SpanKind.CLIENT
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.cache_creation.input_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 10,
        "loopbus.run_id": "abc-1",
    }


def test_each_request_names_the_model_that_is_asked() -> None:
    """A fallback's span is not the first model's, and the failure before it has one of its own."""
    failed = ModelFailed(turn=1, error=Fault("Busy", "full"), model="openai:gpt-5.2")
    chosen = FallbackChosen(turn=1, failed="openai:gpt-5.2", model="anthropic:c")
    asked = ModelRequested(turn=1, model="anthropic:c", messages=1)
    spans = spans_of(stamped(started(), requested(), failed, chosen, asked, replied(Text("hi"))))
    assert attributes(spans.one("chat gpt-5.2"))["error.type"] == "Busy"
    assert attributes(spans.one("chat c"))["gen_ai.provider.name"] == "anthropic"


def test_a_tool_call_says_which_and_how_it_ended() -> None:
    """Its id leads back to the events."""
    span = spans_of(an_addition()).one("execute_tool add")
    assert span.kind is SpanKind.INTERNAL
    assert attributes(span) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "c1",
        "loopbus.run_id": "abc-1",
        "loopbus.tool.outcome": "ok",
    }


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [
        ("local", "local", "local"),
        ("bedrock:anthropic.claude:1", "aws.bedrock", "anthropic.claude:1"),
        ("mistral:large", "mistral_ai", "large"),
        ("acme:x", "acme", "x"),
    ],
)
def test_a_provider_is_called_what_the_conventions_call_it(model: str, provider: str, name: str) -> None:
    """Ours is kept where they have no name for it."""
    start = RunStarted(agent="a", model=model, prompt=user("hi"))
    collected = Collected()
    observer = OpenTelemetrySpans(collected.provider)
    observer(*stamped(start))
    observer.close()
    said = attributes(collected.one("invoke_agent"))
    assert (said["gen_ai.provider.name"], said["gen_ai.request.model"]) == (provider, name)


def test_nothing_that_was_said_is_recorded_unless_it_is_wanted() -> None:
    """No prompt, no answer, no argument, no result, whatever the span."""
    told = str([attributes(span) for span in spans_of(an_addition()).ended])
    assert not [word for word in ("17", "It is 42", "Let me add", "What is") if word in told]


def test_with_content_the_conversation_is_on_the_spans() -> None:
    """As JSON in the conventions' form, instructions too."""
    log = stamped(
        started(),
        ModelRequested(turn=1, model="m", messages=1, instructions="Be brief."),
        *(event.model_copy(update={"seq": 0}) for event in an_addition()[3:] if event.event_name != "ModelRequested"),
    )
    collected = spans_of(log, content=True)
    root, tool = attributes(collected.one("invoke_agent")), attributes(collected.one("execute_tool"))
    chats = [attributes(span) for span in collected.named("chat")]
    assert json.loads(root["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "What is 17 + 25?"}]}
    ]
    assert json.loads(root["gen_ai.output.messages"])[0]["parts"][0]["content"] == "It is 42."
    assert json.loads(chats[0]["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be brief."}]
    (said,) = json.loads(chats[0]["gen_ai.output.messages"])
    assert (said["role"], said["finish_reason"], said["parts"][1]["name"]) == ("assistant", "tool_call", "add")
    assert json.loads(tool["gen_ai.tool.call.arguments"]) == {"a": 17, "b": 25}
    assert json.loads(tool["gen_ai.tool.call.result"]) == "42"


def test_an_answer_that_is_no_text_is_recorded_as_json() -> None:
    """Structured output has a form in the conventions' messages too."""
    log = an_addition()
    log[-1] = log[-1].model_copy(update={"output": {"sum": 42}})
    root = attributes(spans_of(log, content=True).one("invoke_agent"))
    assert json.loads(root["gen_ai.output.messages"])[0]["parts"][0]["content"] == '{"sum": 42}'


@pytest.mark.parametrize(("status", "reason"), [("failed", "error"), ("limit", "length")])
def test_a_run_that_did_not_complete_does_not_look_as_if_it_had(status: Status, reason: str) -> None:
    """What it said last is recorded with the reason; where it said nothing there is no message."""

    def ended(output: str) -> dict[str, Any]:
        end = RunFinished(status=status, output=output, usage=Usage(), turns=1)
        return attributes(spans_of(stamped(started(), end), content=True).one("invoke_agent"))

    assert json.loads(ended("Half an")["gen_ai.output.messages"])[0]["finish_reason"] == reason
    assert "gen_ai.output.messages" not in ended("")


def test_secrets_are_masked_in_content_too() -> None:
    """By the name of an argument, and by shape in a result."""
    log = stamped(
        started(),
        ToolRequested(call_id="c", name="login", arguments={"password": "hunter2"}),
        ToolFinished(call_id="c", name="login", outcome="ok", output="token=planted99"),
    )
    span = attributes(spans_of(log, content=True).one("execute_tool"))
    assert "hunter2" not in str(span)
    assert "planted99" not in str(span)


def test_a_name_that_a_model_made_up_is_bounded() -> None:
    """A megabyte of tool name is not exported, and neither is what UTF-8 cannot say."""
    name = "x" * 1_000_000 + "\ud800"
    finished = ToolFinished(call_id="c", name=name, outcome="error", output="")
    span = spans_of(stamped(started(), finished)).one("execute_tool")
    assert len(span.name) < 200
    span.name.encode("utf-8")


def test_every_name_is_one_of_the_conventions() -> None:
    """Spelled as in their own package, or marked as ours."""
    package = "opentelemetry.semconv._incubating.attributes"
    modules = [import_module(f"{package}.{name}_attributes") for name in ("gen_ai", "error")]
    known = {name for module in modules for name in vars(module).values() if isinstance(name, str)}
    log = stamped(
        started(session="s"),
        requested(),
        replied(Text("x"), usage=Usage(1, 1, 1, 1, 1)),
        ToolFinished(call_id="c", name="t", outcome="error", output="", blame="tool"),
    )
    collected = Collected()
    observer = OpenTelemetrySpans(collected.provider, content=True)
    for event in log:
        observer(event)
    observer.close()
    used: Mapping[str, Any] = {name: 1 for span in collected.ended for name in attributes(span)}
    assert {name for name in used if not name.startswith("loopbus.")} <= known
    assert len(used) > 12


def test_the_schema_is_one_that_exists() -> None:
    """Back ends translate by it."""
    span = spans_of(an_addition()).one("invoke_agent")
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.schema_url in {schema.value for schema in Schemas}
