"""The spans of one run: what each of its events opens, describes and ends.

Source of the names: https://github.com/open-telemetry/semantic-conventions-genai, schema 1.44.
"""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

from ....bus.event import Event
from ....events.content import Message, Text
from ....events.fault import Fault
from ....events.model import ModelFailed, ModelReplied, ModelRequested
from ....events.run import RunFinished, RunStarted
from ....events.tool import ToolFinished, ToolRequested, ToolStarted
from ....events.usage import Usage
from ...excerpt import short
from .messages import as_json, finish_reason, input_messages, output_messages, system_instructions

Attributes = dict[str, AttributeValue]

_PROVIDERS: Mapping[str, str] = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gen_ai",
    "mistral": "mistral_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
"""What the conventions call a provider where our name for it is another."""

_NO_ERROR = frozenset({"ok", "completed", "cancelled"})
"""Outcomes that are nobody's error: what was cancelled was wished for."""


class RunSpans:
    """The open spans of a run; ``Context`` objects are passed along, none is ever made the current one."""

    __slots__ = ("_chat", "_common", "_content", "_context", "_requested", "_root", "_tools", "_tracer")

    def __init__(self, tracer: Tracer, event: RunStarted, parent: Context, *, content: bool) -> None:
        self._tracer = tracer
        self._content = content
        self._common: Attributes = {**_model(event.model), "loopbus.run_id": event.run_id}
        if event.session is not None:
            self._common["gen_ai.conversation.id"] = event.session
        self._root = tracer.start_span(
            f"invoke_agent {event.agent}",
            parent,
            SpanKind.INTERNAL,
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": event.agent, **self._common},
            start_time=_ns(event),
        )
        self._context = set_span_in_context(self._root, Context())
        self._chat: Span | None = None
        self._requested: dict[str, ToolRequested] = {}
        self._tools: dict[str, Span] = {}
        if content:
            self._root.set_attribute("gen_ai.input.messages", as_json(input_messages(event.prompt)))

    def asked(self, event: ModelRequested) -> None:
        """A model call begins."""
        # It may be another model than the one that the run began with.
        attributes = {**self._common, **_model(event.model)}
        chat = self._chat = self._tracer.start_span(
            f"chat {attributes['gen_ai.request.model']}",
            self._context,
            SpanKind.CLIENT,
            {"gen_ai.operation.name": "chat", **attributes},
            start_time=_ns(event),
        )
        if self._content and event.instructions:
            chat.set_attribute("gen_ai.system_instructions", as_json(system_instructions(event.instructions)))

    def replied(self, event: ModelReplied) -> None:
        """A model call ends with a reply."""
        attributes = _usage(event.usage)
        attributes["gen_ai.response.finish_reasons"] = [event.raw_stop or finish_reason(event.stop)]
        if self._content:
            reply = Message("assistant", event.content)
            attributes["gen_ai.output.messages"] = as_json(output_messages(reply, event.stop))
        self._end_chat(event, attributes)

    def failed(self, event: ModelFailed) -> None:
        """A model call ends without a whole reply."""
        if self._chat is not None:
            _set_fault(self._chat, event.error)
        self._end_chat(event, _usage(event.usage))

    def requested(self, event: ToolRequested) -> None:
        """A tool call is wished for: if it never starts, its span is this long."""
        self._requested[event.call_id] = event

    def started(self, event: ToolStarted) -> None:
        """A tool call begins."""
        self._tools[event.call_id] = self._begin_tool(event)

    def finished(self, event: ToolFinished) -> None:
        """A tool call ends; one that never started has its span from the wish to the refusal."""
        request = self._requested.pop(event.call_id, None)
        tool = self._tools.pop(event.call_id, None) or self._begin_tool(event, request)
        tool.set_attribute("loopbus.tool.outcome", event.outcome)
        if event.blame is not None:
            tool.set_attribute("loopbus.tool.blame", event.blame)
        if event.outcome not in _NO_ERROR:
            tool.set_attribute("error.type", event.outcome)
            tool.set_status(Status(StatusCode.ERROR))
        if self._content:
            if request is not None:
                tool.set_attribute("gen_ai.tool.call.arguments", as_json(request.arguments))
            tool.set_attribute("gen_ai.tool.call.result", as_json(event.output))
        tool.end(_ns(event))

    def end(self, event: RunFinished) -> None:
        """The run is over, and with it every span that is still open."""
        self._root.set_attributes({**_usage(event.usage), "loopbus.status": event.status, "loopbus.turns": event.turns})
        if event.status not in _NO_ERROR:
            _set_fault(self._root, event.error or Fault(event.status, event.reason))
        if self._content and event.output:
            words = event.output if isinstance(event.output, str) else as_json(event.output)
            answer = output_messages(Message("assistant", (Text(words),)), event.status)
            self._root.set_attribute("gen_ai.output.messages", as_json(answer))
        self._end_all(_ns(event))

    def abandon(self, *, dropped: int = 0) -> None:
        """End every open span now, because the rest of the run will not be seen."""
        if dropped:
            self._root.set_attribute("loopbus.events_dropped", dropped)
        self._end_all(None)

    def _begin_tool(self, event: ToolStarted | ToolFinished, since: ToolRequested | None = None) -> Span:
        # The model makes the name up, and it may be no tool's: so it is cut.
        name = short(event.name, 100)
        attributes: Attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": event.call_id,
            "loopbus.run_id": event.run_id,
        }
        return self._tracer.start_span(
            f"execute_tool {name}", self._context, SpanKind.INTERNAL, attributes, start_time=_ns(since or event)
        )

    def _end_chat(self, event: Event, attributes: Attributes) -> None:
        if self._chat is not None:
            self._chat.set_attributes(attributes)
            self._chat.end(_ns(event))
            self._chat = None

    def _end_all(self, at: int | None) -> None:
        for span in (*self._tools.values(), self._chat, self._root):
            if span is not None:
                span.end(at)


def _ns(event: Event) -> int:
    return int(event.at * 1_000_000_000)


def _model(name: str) -> Attributes:
    """Provider and model, out of ``provider:model`` or a name alone."""
    provider, _, model = name.partition(":")
    return {"gen_ai.provider.name": _PROVIDERS.get(provider, provider), "gen_ai.request.model": model or provider}


def _set_fault(span: Span, fault: Fault) -> None:
    span.set_attribute("error.type", fault.kind)
    span.set_status(Status(StatusCode.ERROR, short(fault.message, 500)))


def _usage(usage: Usage) -> Attributes:
    """The counts that are there; the first two always."""
    special = {
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        **{name: count for name, count in special.items() if count},
    }
