"""A policy: shows the model only the latest part of a long conversation."""

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...events.model import ModelRequested
from ...events.state import RunState
from ..window import kept_before, whole_from


class SlidingWindow:
    """Shows the model the last ``messages`` messages, and before them the pinned ones and the run's own prompt.

    Hears ModelRequested; answers it with ``first`` and ``pinned`` set. A tool result is never shown without the
    message that asked for it, nor that one without its results: where the window would begin between the two it
    begins one message earlier, and a pinned one brings the other along. The log and ``result.messages`` keep the whole
    conversation. A turn costs the same however long the history is.

    :raises BadOption: ``messages`` is no whole number above 0.
    """

    def __init__(self, messages: int, *, order: int = 0) -> None:
        if not isinstance(messages, int) or messages < 1:  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadOption(f"SlidingWindow({messages!r}): a model needs to be shown at least 1 message")
        self._messages = messages
        self._order = order

    def __call__(self, event: ModelRequested, state: RunState) -> ModelRequested:
        transcript = state.transcript
        first = whole_from(transcript.messages, max(event.messages - self._messages, event.first, 0))
        if not first:
            return event
        return event.model_copy(update={"first": first, "pinned": kept_before(transcript, first, event.pinned)})

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus. Should it ever fail, the model is shown everything."""
        bus.intercept(ModelRequested, self, order=self._order, on_error="allow")
