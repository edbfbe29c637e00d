"""What a model is shown of a conversation that is longer than it can read."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from ..events.model import ModelRequested
from ..events.transcript import Transcript
from .errors import BadLimit
from .window import kept_before, whole_from


class Shorter(NamedTuple):
    """A part of a conversation: everything from message ``first`` on, and the ``pinned`` ones before it."""

    first: int
    pinned: tuple[int, ...] = ()


@runtime_checkable
class Compaction(Protocol):
    """Decides what to leave out, when a model could not read all that it was shown."""

    def shorten(self, transcript: Transcript, asked: ModelRequested) -> Shorter | None:
        """Less than what was ``asked``; None if nothing can be left out."""
        ...


@dataclass(frozen=True, slots=True)
class KeepLatest:
    """Shows the latest ``share`` of the messages that were too many, the pinned ones, and the run's own prompt.

    A tool's results stay together with what asked for them.

    :raises BadLimit: ``share`` is not between 0 and 1.
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        if not (isinstance(self.share, float) and 0 < self.share < 1):
            raise BadLimit(f"KeepLatest({self.share!r}): it is a part of the messages, between 0 and 1")

    def shorten(self, transcript: Transcript, asked: ModelRequested) -> Shorter | None:
        """See ``Compaction``."""
        kept = int((asked.messages - asked.first) * self.share)
        first = whole_from(transcript.messages, asked.messages - max(kept, 1))
        if first <= asked.first:
            return None
        shorter = Shorter(first, kept_before(transcript, first, asked.pinned))
        shown = len(asked.pinned) + asked.messages - asked.first
        return shorter if len(shorter.pinned) + asked.messages - first < shown else None
