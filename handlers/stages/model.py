"""Has the model answer."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from ...backends.contract import (
    Backend,
    Delta,
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
from ..scope import RunScope
from ..window import Window

_replied = unchecked(ModelReplied)
_text_delta = unchecked(TextDelta)


class AskModel:
    """Sends the conversation to the backend and publishes what comes back.

    Hears ModelRequested; tells TextDelta, ThinkingDelta and ToolCallDelta; causes ModelReplied or ModelFailed.
    """

    def __init__(self, backend: Backend, tools: Sequence[ToolSpec], settings: Settings, *, streaming: bool) -> None:
        self._backend = backend
        self._tools = tools
        self._settings = settings
        self._streaming = streaming

    async def __call__(self, event: ModelRequested, run: RunScope) -> ModelReplied | ModelFailed:
        state = run.state
        request = Request(
            Window(state.transcript.messages, event.messages, event.first, event.pinned),
            state.instructions,
            self._tools,
            self._settings,
            self._streaming,
        )
        fold = ReplyFold(f"{event.seq}")
        run.open_reply(fold)
        started = monotonic()
        try:
            deltas = self._backend.stream(request)
            try:
                async for delta in deltas:
                    fold.add(delta)
                    tell = _TELL.get(type(delta))
                    if tell is not None:
                        tell(delta, run, event.seq)
            finally:
                await deltas.aclose()
            stop, content = fold.stopped(), fold.content()
        except BackendError as error:
            fault = Fault.of(error, self._backend.model)
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
