"""Turns the events of many concurrent runs into their spans."""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, TracerProvider, get_current_span, get_tracer, set_span_in_context

from ....bus.bus import Bus
from ....bus.event import Event
from ....bus.house import EventsDropped
from ....events.model import ModelFailed, ModelReplied, ModelRequested
from ....events.run import RunFinished, RunStarted
from ....events.tool import ToolFinished, ToolRequested, ToolStarted
from .spans import RunSpans

NAME = "OpenTelemetrySpans"
_SCHEMA = "https://opentelemetry.io/schemas/1.44.0"


class OpenTelemetrySpans:
    """Gives each run a span ``invoke_agent``, and in it each request a ``chat`` and each tool call an ``execute_tool``.

    Names and attributes are those of OpenTelemetry's semantic conventions for generative AI, 1.44. A run's span is a
    child of whatever span was current where the run was started, and times are the events' own. The current context is
    never touched, so nothing can be left attached to it. What was said is recorded only if ``content`` is true, without
    what looks like a secret. Nothing is recorded unless the application has set up an OpenTelemetry SDK (extra
    ``loopbus[otel]``)::

        runtime.subscribe(OpenTelemetrySpans())

    Every span is ended: with its run, however that ends; when events of its run were dropped, which the attribute
    ``loopbus.events_dropped`` says; when more than ``capacity`` runs are open, for the oldest; and by ``close``.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, *, content: bool = False, capacity: int = 10_000
    ) -> None:
        self._tracer = get_tracer("loopbus", tracer_provider=tracer_provider, schema_url=_SCHEMA)
        self._content = content
        self._capacity = capacity
        self._parents: dict[str, Context] = {}
        self._runs: dict[str, RunSpans] = {}

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus."""
        # Observers hear of a run in a task of their own; only what is called in line sees the caller's span.
        bus.derive(RunStarted, self._note_parent, name=NAME)
        bus.observe((RunStarted, *_HEARD, EventsDropped), self, name=NAME)

    def __call__(self, event: Event) -> None:
        run, tell = self._runs.get(event.run_id), _HEARD.get(type(event))
        if isinstance(event, EventsDropped):
            self._dropped(event)
        elif isinstance(event, RunStarted):
            self._begin(event)
        elif run is not None and tell is not None:
            tell(run, event)
            if isinstance(event, RunFinished):
                del self._runs[event.run_id]

    def close(self) -> None:
        """End every span that is open, now. Runs that go on are not traced any further."""
        for run in self._runs.values():
            run.abandon()
        self._runs.clear()
        self._parents.clear()

    def _note_parent(self, event: RunStarted) -> None:
        current = get_current_span().get_span_context()
        if current.is_valid:
            self._parents[event.run_id] = set_span_in_context(NonRecordingSpan(current), Context())
            self._evict(self._parents)

    def _begin(self, event: RunStarted) -> None:
        parent = self._parents.pop(event.run_id, None)
        self._runs[event.run_id] = RunSpans(self._tracer, event, parent or Context(), content=self._content)
        oldest = self._evict(self._runs)
        if oldest is not None:
            oldest.abandon()

    def _dropped(self, event: EventsDropped) -> None:
        if event.subscriber != NAME:
            return
        self._parents.pop(event.run_id, None)
        run = self._runs.pop(event.run_id, None)
        if run is not None:
            run.abandon(dropped=event.count)

    def _evict(self, kept: dict[str, Any]) -> Any:
        """Take the oldest out where there are too many."""
        return kept.pop(next(iter(kept))) if len(kept) > self._capacity else None


_HEARD: Mapping[type[Event], Callable[[RunSpans, Any], None]] = {
    ModelRequested: RunSpans.asked,
    ModelReplied: RunSpans.replied,
    ModelFailed: RunSpans.failed,
    ToolRequested: RunSpans.requested,
    ToolStarted: RunSpans.started,
    ToolFinished: RunSpans.finished,
    RunFinished: RunSpans.end,
}
