"""An OpenTelemetry SDK in memory, which knows what was begun and what was ended."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider


class Collected(SpanProcessor):
    """Every span that was ended, in that order, and how many are open."""

    def __init__(self) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(self)
        self.ended: list[ReadableSpan] = []
        self.open = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.open += 1

    def on_end(self, span: ReadableSpan) -> None:
        self.open -= 1
        self.ended.append(span)

    def named(self, name: str) -> list[ReadableSpan]:
        """The ended spans of this name, or whose name begins with this word."""
        return [span for span in self.ended if f"{span.name} ".startswith(f"{name} ")]

    def one(self, name: str) -> ReadableSpan:
        """The only one."""
        (span,) = self.named(name)
        return span


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """What a span says."""
    return dict(span.attributes or {})


def parent_id(span: ReadableSpan) -> int | None:
    """The span that it is in, if any."""
    return span.parent.span_id if span.parent is not None else None


def own_id(span: ReadableSpan) -> int:
    """What its children call it."""
    assert span.context is not None
    return span.context.span_id
