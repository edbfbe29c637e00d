"""What a wire is: one way to write a request, to cut an answer into frames, and to read those."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ..contract import Delta, Request
from .account import Account

F_co = TypeVar("F_co", covariant=True)
F_contra = TypeVar("F_contra", contravariant=True)


class FrameReader(Protocol[F_co]):
    """Cuts a stream of bytes into frames."""

    def feed(self, chunk: bytes) -> Sequence[F_co]:
        """The frames that ``chunk`` completes."""
        ...

    def close(self) -> Sequence[F_co]:
        """The frames that the end of the stream left unfinished."""
        ...


class AnswerReader(Protocol[F_contra]):
    """Reads the frames of one answer, or the answer whole."""

    @property
    def stopped(self) -> bool:
        """Whether the provider has said that the reply is over."""
        ...

    @property
    def done(self) -> bool:
        """Whether no frame follows."""
        ...

    def read(self, frame: F_contra) -> Sequence[Delta]:
        """The deltas of one frame."""
        ...

    def read_whole(self, body: bytes) -> Sequence[Delta]:
        """All deltas of an answer that was not streamed."""
        ...

    def finish(self) -> Sequence[Delta]:
        """The last deltas, the stop at their end."""
        ...


class Encode(Protocol):
    """Writes a request."""

    def __call__(self, request: Request, model: str, *, provider: str) -> dict[str, Any]:
        """The JSON body; ``provider`` says whose opaque blocks go back.

        :raises Refused: the request holds what this wire cannot carry.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A wire, as data. Its parts are pure: no I/O, no clock."""

    name: str
    encode: Encode
    path: Callable[[str, bool], str]
    """What is appended to a base URL, for a model and for streaming or not."""
    frames: Callable[[], FrameReader[Any]]
    answer: Callable[[Account], AnswerReader[Any]]
    accept: str = "text/event-stream"
    """The media type of a streamed answer."""
    json_streams: bool = False
    """Whether plain JSON may be a streamed answer too, which ``frames`` takes either way."""
