"""Has the model answer."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from inspect import iscoroutine
from time import monotonic
from typing import Any, NamedTuple

from ...backends.contract import (
    Backend,
    Delta,
    OutputSpec,
    Request,
    Settings,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    ToolSpec,
)
from ...backends.errors import BackendError, Misunderstood
from ...backends.fold import ReplyFold
from ...bus.event import Event, unchecked
from ...events.fault import Fault
from ...events.model import ModelFailed, ModelReplied, ModelRequested, TextDelta, ThinkingDelta, ToolCallDelta
from ...events.recovery import HedgeStarted
from ...events.unchecked import unchecked_value
from ..hedging import hedged
from ..models import Models
from ..scope import RunScope
from ..timeouts import ReplyTimeouts, in_time
from ..window import Window

_request = unchecked_value(Request)
_replied = unchecked(ModelReplied)
_text_delta = unchecked(TextDelta)


class AskModel:
    """Sends the conversation to the backend and publishes what comes back.

    Hears ModelRequested; tells TextDelta, ThinkingDelta and ToolCallDelta; causes ModelReplied or ModelFailed.
    """

    def __init__(
        self,
        models: Models,
        tools: Sequence[ToolSpec],
        settings: Settings,
        *,
        streaming: bool,
        output: OutputSpec | None = None,
        timeouts: ReplyTimeouts | None = None,
        hedge_s: float | None = None,
    ) -> None:
        self._models = models
        self._tools = tools
        self._settings = settings
        self._streaming = streaming
        self._output = output
        self._timeouts = timeouts
        self._hedge_s = hedge_s

    async def __call__(self, event: ModelRequested, run: RunScope) -> ModelReplied | ModelFailed:
        state = run.state
        request = _request(
            Window(state.transcript.messages, event.messages, event.first, event.pinned),
            state.instructions,
            self._tools,
            self._settings,
            self._streaming,
            self._output,
        )
        fold = ReplyFold(f"{event.seq}", event.model.partition(":")[0])
        run.open_reply(fold)
        started = monotonic()
        try:
            backend = self._models[event.model]
            deltas = backend.stream(request) if self._hedge_s is None else self._hedged(backend, request, event, run)
            if self._timeouts is not None:
                deltas = in_time(deltas, self._timeouts)
            try:
                async for delta in deltas:
                    fold.add(delta)
                    told = _TOLD.get(type(delta))
                    if told is not None and run.hears(told.event_class):
                        if run.unrecorded:
                            # Nobody hears of a reply before its request; meanwhile the model has begun.
                            await run.wait_recorded()
                        piece = told.of(delta)
                        if piece is not None:
                            run.tell(piece, event.seq)
            except BaseException:
                _check_stream(deltas)
                # One that came to its end is closed.
                await deltas.aclose()
                raise
            stop, content = fold.stopped(), fold.content()
        except BackendError as error:
            fault = Fault.of(error, event.model)
            return ModelFailed(
                turn=event.turn, error=fault, partial=fold.partial(), usage=fold.usage, model=event.model
            )
        return _replied(
            turn=event.turn,
            content=content,
            stop=stop.reason,
            usage=fold.usage,
            raw_stop=stop.raw,
            elapsed_s=monotonic() - started,
            model=event.model,
        )

    def _hedged(
        self, backend: Backend, request: Request, event: ModelRequested, run: RunScope
    ) -> AsyncGenerator[Delta, None]:
        after_s = self._hedge_s or 0.0
        started = HedgeStarted(model=event.model, after_s=after_s)
        return hedged(lambda: backend.stream(request), after_s, lambda: run.append(started, event.seq))


def _check_stream(deltas: object) -> None:
    """Say it if a backend's ``stream`` was the reason why it could not be read.

    :raises Misunderstood: it gave no async generator.
    """
    if not hasattr(deltas, "aclose"):
        if iscoroutine(deltas):
            deltas.close()
        kind = type(deltas).__name__
        raise Misunderstood(f"the backend's stream() gave a {kind}: let it be an async generator, which yields deltas")


def _text(delta: TextPiece) -> TextDelta:
    return _text_delta(text=delta.text)


def _thinking(delta: ThinkingPiece) -> ThinkingDelta | None:
    return ThinkingDelta(text=delta.text) if delta.text else None


def _tool_call(delta: ToolCallPiece) -> ToolCallDelta:
    return ToolCallDelta(slot=delta.slot, name=delta.name, arguments=delta.arguments)


class _Told(NamedTuple):
    """What is told of a kind of delta, where anybody hears it."""

    event_class: type[Event]
    of: Callable[[Any], Event | None]


_TOLD: Mapping[type[Delta], _Told] = {
    TextPiece: _Told(TextDelta, _text),
    ThinkingPiece: _Told(ThinkingDelta, _thinking),
    ToolCallPiece: _Told(ToolCallDelta, _tool_call),
}
