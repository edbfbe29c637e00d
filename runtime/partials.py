"""An output while the model still writes it: what its pieces have come to so far."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from ..bus.event import Event
from ..bus.house import EventsDropped
from ..events.model import ModelRequested, StreamRestarted, TextDelta, ToolCallDelta
from ..events.run import RunFinished
from ..tools.errors import InvalidOutput
from ..tools.final_answer import FINAL_ANSWER
from ..tools.output import OutputType, Partial
from .reader import Reader

T = TypeVar("T")

_TEXT = -1
"""Where text is written; calls are written in slots 0, 1, ..."""
_STEP = 32
"""A text is read again once it has grown by this part of itself: reading it at every piece would take for ever."""


async def partials(reader: Reader, output: OutputType[T]) -> AsyncGenerator[Partial[T], None]:
    """Each state of the output that a reader with ephemeral events sees, and the whole of it when the run completes."""
    draft = Draft(output)
    async with aclosing(reader) as events:
        async for event in events:
            part = draft.hear(event)
            if part is not None:
                yield part


class Draft(Generic[T]):
    """Puts an output together from the events of its run."""

    def __init__(self, output: OutputType[T]) -> None:
        self._output = output
        self._writings: dict[int, _Writing] = {}
        self._last: Partial[T] | None = None

    def hear(self, event: Event) -> Partial[T] | None:
        """Take the next event; the output as it is now, if that is other than before."""
        heard = _HEARD.get(type(event))
        return heard(self, event) if heard is not None else None

    def begin(self, _: Event) -> None:
        """What was written before belongs to another reply, or is void."""
        self._writings = {_TEXT: _Writing()}

    def lose(self, _: EventsDropped) -> None:
        """A piece is missing: what follows it in this reply makes no sense."""
        self._writings = {}

    def text(self, event: TextDelta) -> Partial[T] | None:
        """Some more of an answer in words."""
        if event.snapshot:
            self.begin(event)
        return self._write(_TEXT, event.text)

    def call(self, event: ToolCallDelta) -> Partial[T] | None:
        """Some more of a call, which is the answer or does not matter."""
        if event.name == FINAL_ANSWER and self._writings:
            self._writings[event.slot] = _Writing()
        return self._write(event.slot, event.arguments)

    def end(self, event: RunFinished) -> Partial[T] | None:
        """The whole output."""
        if event.status != "completed":
            return None
        try:
            return self._if_new(Partial(event.output, self._output.value(event.output)))
        except InvalidOutput:
            return None

    def _write(self, place: int, piece: str) -> Partial[T] | None:
        writing = self._writings.get(place)
        text = writing.add(piece) if writing is not None else None
        part = self._output.partial(text) if text else None
        return self._if_new(part) if part is not None else None

    def _if_new(self, part: Partial[T]) -> Partial[T] | None:
        last = self._last
        if last is not None and last.data == part.data and (last.value is not None or part.value is None):
            return None
        self._last = part
        return part


class _Writing:
    """A text that grows, in time that grows no faster than it does."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = self._due = 0

    def add(self, piece: str) -> str | None:
        """Add a piece; all of the text, if it is time to read it again."""
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length < self._due:
            return None
        self._due = self._length + self._length // _STEP + 1
        text = "".join(self._pieces)
        self._pieces = [text]
        return text


_HEARD: Mapping[type[Event], Callable[[Draft[Any], Any], Partial[Any] | None]] = {
    EventsDropped: Draft[Any].lose,
    ModelRequested: Draft[Any].begin,
    RunFinished: Draft[Any].end,
    StreamRestarted: Draft[Any].begin,
    TextDelta: Draft[Any].text,
    ToolCallDelta: Draft[Any].call,
}
