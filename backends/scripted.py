"""A model that follows a script: deterministic, offline, in process."""

import inspect
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal, NoReturn

from ..events.content import Message, ToolResult
from .contract import Capabilities, Delta, Request
from .errors import NotConfigured, ScriptExhausted
from .script import Failure, Line, Script, said_by
from .script_deltas import cutter, deltas_of, uncut
from .told import Told

_CAPABILITIES = Capabilities(images=True, audio=True, files=True)


@dataclass(frozen=True, slots=True)
class _Step:
    """A line of the script, ready to be sent: as few deltas as can be, or cut into pieces."""

    whole: tuple[Delta, ...]
    pieces: tuple[Delta, ...]
    error: BaseException | None = None


class Scripted:
    """A ``Backend`` whose replies are written down: a list of lines, or a function from request to line, sync or async.

    A list is used up line by line, over all runs that share the object. With ``per_run`` each run begins it anew, so
    one object serves any number of runs at once: a request that ends in a user's message gets the first line, one that
    ends in tool results the line after the one that asked for them.

    ``delay_s`` is waited before each reply, ``piece_delay_s`` before each delta. ``stream`` cuts texts, reasoning and
    arguments into words or into pieces of so many characters, where the request wants streaming. ``requests`` keeps the
    first ``keep`` requests, with their messages copied, and ``asked`` counts all.

    :raises NotConfigured: a line is none of the kinds above, or an option is not what it must be.
    """

    def __init__(
        self,
        script: Script,
        *,
        per_run: bool = False,
        delay_s: float = 0.0,
        piece_delay_s: float = 0.0,
        stream: Literal["words"] | int | None = None,
        model: str = "scripted",
        keep: int = 100,
    ) -> None:
        if isinstance(script, str):
            raise NotConfigured(f"a script is a list of replies, or a function; for one reply write [{script!r:.80}]")
        if not callable(script) and not isinstance(script, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise NotConfigured(f"a script is a list of replies, or a function, and {script!r:.80} is neither")
        _check_delays(delay_s=delay_s, piece_delay_s=piece_delay_s)
        self._cut = cutter(stream)
        self._function = script if callable(script) else None
        self._steps = () if callable(script) else tuple(self._step(line, place) for place, line in enumerate(script))
        self._per_run = per_run
        self._delay_s = delay_s
        self._piece_delay_s = piece_delay_s
        self._model = model
        self._keep = keep
        self.requests: list[Request] = []
        self.asked = 0

    def __repr__(self) -> str:
        return f"Scripted({self._model!r})"

    @property
    def model(self) -> str:
        """See ``Backend``."""
        return self._model

    @property
    def capabilities(self) -> Capabilities:
        """See ``Backend``."""
        return _CAPABILITIES

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """See ``Backend.stream``.

        :raises ScriptExhausted: the list has no line left for this request.
        """
        place = self.asked
        self.asked = place + 1
        if place < self._keep:
            self.requests.append(replace(request, messages=tuple(request.messages)))
        if self._function is not None:
            return self._improvise(self._function, request, place)
        if self._per_run:
            place = _place_in_run(request.messages)
        return self._told(self._steps[place] if place < len(self._steps) else self._exhausted(place), request)

    def _told(self, step: _Step, request: Request) -> Told:
        return Told(step.pieces if request.streaming else step.whole, step.error, self._delay_s, self._piece_delay_s)

    async def _improvise(
        self, function: Callable[[Request], Any], request: Request, place: int
    ) -> AsyncGenerator[Delta, None]:
        line = function(request)
        step = self._step(await line if inspect.isawaitable(line) else line, place)
        async for delta in self._told(step, request):
            yield delta

    async def aclose(self) -> None:
        """See ``Backend``. There is nothing to free."""

    def _exhausted(self, place: int) -> NoReturn:
        replies = "1 reply" if len(self._steps) == 1 else f"{len(self._steps)} replies"
        raise ScriptExhausted(
            f"the script has {replies} and was asked for reply {place + 1}: add one, or pass per_run=True if each run "
            "should begin the script anew"
        )

    def _step(self, line: Line, place: int) -> _Step:
        said = said_by(line)
        whole, pieces = (tuple(deltas_of(said, cut, place)) for cut in (uncut, self._cut))
        return _Step(whole, pieces, said.error if isinstance(said, Failure) else None)


def _check_delays(**delays: object) -> None:
    for name, delay_s in delays.items():
        if not isinstance(delay_s, int | float) or not 0 <= delay_s < inf:
            raise NotConfigured(f"{name}={delay_s!r}: give a number of seconds, 0 or more")


def _place_in_run(messages: Sequence[Message]) -> int:
    """The place of the next line, read from the id that the last line gave its first call. Looks no further back."""
    last = messages[-1] if len(messages) else None
    if last is None or last.role != "tool":
        return 0
    first = last.content[0]
    told = first.provider_id.partition(".")[0] if isinstance(first, ToolResult) else ""
    return int(told) + 1 if told.isdecimal() else 0
