"""A model is asked, answers piece by piece, has answered."""

from typing import Literal

from ..bus.event import Event
from .content import Block
from .fault import Fault
from .usage import NO_USAGE, Usage

_LONGEST = 16_384
"""Characters that pieces are joined up to. Growing one without end would copy all of it for each new piece."""

Stop = Literal["end", "tool_calls", "length", "stop_sequence", "content_filter", "refusal", "pause", "other"]


class ModelRequested(Event):
    """The model shall answer the conversation so far.

    Published by ``handlers.stages.prompt``, once for each turn, and by ``handlers.stages.ask_again`` each time that it
    is asked once more in the same turn. The messages themselves are not repeated here: they are the fold of the events
    before this one, from message ``first`` on, with the ``pinned`` ones before that.
    """

    may_change = frozenset({"first", "pinned", "instructions", "model"})
    wish = True

    turn: int
    model: str
    messages: int
    """How many messages the conversation had."""
    first: int = 0
    pinned: tuple[int, ...] = ()
    instructions: str | None = None
    """None: as in the request before."""

    def vetoed(self, reason: str) -> "ModelFailed":
        return ModelFailed(turn=self.turn, error=Fault("Vetoed", reason, "policy"), model=self.model)

    def answered_by(self, other: Event) -> bool:
        return isinstance(other, ModelReplied | ModelFailed) and other.turn == self.turn


class ModelReplied(Event):
    """A model's whole reply.

    Published by ``handlers.stages.model``, once for each ``ModelRequested`` that was answered to its end.
    """

    may_change = frozenset({"content"})

    turn: int
    content: tuple[Block, ...]
    stop: Stop
    usage: Usage = NO_USAGE
    raw_stop: str = ""
    elapsed_s: float = 0.0
    model: str = ""
    """The model that was asked; empty where it is not known."""

    def vetoed(self, reason: str) -> "ModelFailed":
        fault = Fault("Vetoed", reason, "policy")
        return ModelFailed(turn=self.turn, error=fault, usage=self.usage, model=self.model)


class ModelFailed(Event):
    """A model gave no whole reply.

    Published by ``handlers.stages.model`` in place of ``ModelReplied``, and by the runtime for a reply that was
    interrupted; ``partial`` is what had arrived and ``usage`` what it is known to have cost.
    """

    turn: int
    error: Fault
    partial: tuple[Block, ...] = ()
    usage: Usage = NO_USAGE
    model: str = ""
    """The model that was asked; empty where it is not known."""


class Piece(Event, abstract=True):
    """A piece of a reply that is still being written. ``seq`` is the ``ModelRequested`` that it answers."""

    durable = False


class TextDelta(Piece):
    """Some more text of the answer.

    Published by ``handlers.stages.model`` as it arrives, many times a reply. A reader that joins in the middle of a
    message gets one with ``snapshot`` set and all the text so far.
    """

    text: str
    snapshot: bool = False

    def merged(self, later: Event) -> "TextDelta | None":
        if not isinstance(later, TextDelta) or later.snapshot or not _goes_on(self, later, self.text):
            return None
        return self.model_copy(update={"text": self.text + later.text})


class ThinkingDelta(Piece):
    """Some more of the model's reasoning.

    Published by ``handlers.stages.model`` as it arrives, for models that show their reasoning.
    """

    text: str
    snapshot: bool = False

    def merged(self, later: Event) -> "ThinkingDelta | None":
        if not isinstance(later, ThinkingDelta) or later.snapshot or not _goes_on(self, later, self.text):
            return None
        return self.model_copy(update={"text": self.text + later.text})


class ToolCallDelta(Piece):
    """Some more of a tool call's arguments, as JSON text.

    Published by ``handlers.stages.model`` as it arrives. The call is not to be trusted before ``ModelReplied``.
    """

    slot: int
    name: str = ""
    arguments: str = ""

    def merged(self, later: Event) -> "ToolCallDelta | None":
        if not isinstance(later, ToolCallDelta) or later.slot != self.slot or not _goes_on(self, later, self.arguments):
            return None
        return self.model_copy(update={"name": self.name or later.name, "arguments": self.arguments + later.arguments})


class StreamRestarted(Piece):
    """What was told of this reply so far is void: the model is asked again, and answers from the beginning.

    Published by ``handlers.stages.recover`` when a reply broke off of which something had been told, once for each such
    reply. ``seq`` is the request whose pieces are void; those of the next answer belong to a later one.
    """

    model: str
    """The model that is asked next."""


def _goes_on(piece: Piece, later: Piece, so_far: str) -> bool:
    """Whether ``later`` is of the same message, and there is room for it in the piece that would hold both."""
    return later.run_id == piece.run_id and later.seq == piece.seq and len(so_far) < _LONGEST
