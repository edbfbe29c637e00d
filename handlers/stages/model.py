"""Has the model answer."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from time import monotonic
from typing import Any

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
from ...backends.errors import BackendError
from ...backends.fold import ReplyFold
from ...bus.event import unchecked
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
        if run.unrecorded:
            await run.wait_recorded()
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
                    tell = _TELL.get(type(delta))
                    if tell is not None:
                        tell(delta, run, event.seq)
            except BaseException:
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


def _text(delta: TextPiece, run: RunScope, about: int) -> None:
    if run.hears(TextDelta):
        run.tell(_text_delta(text=delta.text), about)


def _thinking(delta: ThinkingPiece, run: RunScope, about: int) -> None:
    if delta.text and run.hears(ThinkingDelta):
        run.tell(ThinkingDelta(text=delta.text), about)


def _tool_call(delta: ToolCallPiece, run: RunScope, about: int) -> None:
    if run.hears(ToolCallDelta):
        run.tell(ToolCallDelta(slot=delta.slot, name=delta.name, arguments=delta.arguments), about)


_TELL: Mapping[type[Delta], Callable[[Any, RunScope, int], None]] = {
    TextPiece: _text,
    ThinkingPiece: _thinking,
    ToolCallPiece: _tool_call,
}
