"""A policy: no more requests, and no more tokens, in a minute than a provider allows."""

from collections import deque
from collections.abc import Awaitable, Callable
from math import inf

import anyio

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...bus.interception import Instead
from ...bus.options import positive
from ...events.fault import Fault
from ...events.model import ModelFailed, ModelReplied, ModelRequested
from ...events.run import RunFinished
from ...events.state import RunState
from ..model_names import picks

WINDOW_S = 60.0
_LEARNING = 0.2
"""How much the newest request counts in what the next one is expected to take."""


class RateLimit:
    """Lets at most ``rpm`` requests begin in any minute, and at most ``tpm`` tokens be used by those that did.

    Hears ModelRequested; answers it, as soon as there is room. Who came first goes first, across all runs; a run that
    is stopped leaves the line. After ``longest_wait_s`` seconds the answer is ``Instead`` a ModelFailed with
    ``Throttled``, so that a fallback is asked. Limits belong to a provider's key, so have one object for each::

        runtime.subscribe(RateLimit("openai:*", rpm=500, tpm=200_000))

    What a request will take is not known before: it is put at ``guess`` tokens at first, then at what others took of
    late, and corrected by the reply. ``clock`` gives seconds that only ever grow, the event loop's unless said
    otherwise. One object serves one event loop at a time.

    :raises BadOption: an option is no number above 0, or neither ``rpm`` nor ``tpm`` is given.
    """

    def __init__(
        self,
        *models: str,
        rpm: float | None = None,
        tpm: float | None = None,
        guess: float = 1000.0,
        longest_wait_s: float = 600.0,
        order: int = 200,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        for option, value in {"rpm": rpm, "tpm": tpm, "guess": guess, "longest_wait_s": longest_wait_s}.items():
            if value is not None:
                positive(option, value)
        if rpm is None and tpm is None:
            raise BadOption("RateLimit() without rpm or tpm limits nothing; give one, such as rpm=500")
        self._limited = picks(models, "RateLimit")
        self._rpm = rpm or inf
        self._tpm = tpm or inf
        self._guess = guess
        self._longest_wait_s = longest_wait_s
        self._order = order
        self._clock = clock
        self._line = anyio.Lock()
        self._corrected = anyio.Event()
        """Set when the sum has changed, so that whoever is first in the line looks again."""
        self._begun: deque[_Begun] = deque()
        self._tokens = 0.0
        """Of all that have begun within the window."""
        self._open: dict[str, _Begun] = {}
        """The requests whose tokens are only a guess, by run."""

    def __call__(self, event: ModelRequested, state: RunState) -> ModelRequested | Awaitable[ModelRequested | Instead]:
        if not self._limited(event.model):
            return event
        if self._line.locked() or self._wait_s():
            return self._wait(event, state.run_id)
        self._begin(state.run_id)
        return event

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus. Should it ever fail, the model is not asked: a provider may punish that."""
        deadline_s = self._longest_wait_s + 5
        bus.intercept(ModelRequested, self, order=self._order, deadline_s=deadline_s, on_error="deny")
        bus.derive((ModelReplied, ModelFailed, RunFinished), self.note, name="RateLimit")

    def note(self, event: ModelReplied | ModelFailed | RunFinished) -> None:
        """Put what a request took in the place of what it was expected to take."""
        begun = self._open.pop(event.run_id, None)
        if begun is None or isinstance(event, RunFinished):
            return
        took = float(event.usage.total_tokens)
        if took:
            self._guess += _LEARNING * (took - self._guess)
        if begun.counted:
            self._tokens += took - begun.tokens
        begun.tokens = took
        self._corrected.set()

    async def _wait(self, event: ModelRequested, run_id: str) -> ModelRequested | Instead:
        with anyio.move_on_after(self._longest_wait_s):
            # The lock is the line: it is given to those who wait for it in the order in which they came.
            async with self._line:
                while wait_s := self._wait_s():
                    self._corrected = anyio.Event()
                    with anyio.move_on_after(wait_s):
                        await self._corrected.wait()
                self._begin(run_id)
            return event
        words = f"{event.model} was not asked: its rate limit left no room for {self._longest_wait_s:g} s"
        return Instead(ModelFailed(turn=event.turn, error=Fault("Throttled", words, "policy"), model=event.model))

    def _wait_s(self) -> float:
        """How long until the oldest request in the window leaves it; 0 if there is room for another one now."""
        now, begun = self._clock(), self._begun
        while begun and now - begun[0].at >= WINDOW_S:
            past = begun.popleft()
            past.counted = False
            self._tokens = self._tokens - past.tokens if begun else 0.0
        # An empty window has room for anything, or what is larger than the limit would wait for ever.
        if not begun or (len(begun) < self._rpm and self._tokens + self._guess <= self._tpm):
            return 0.0
        return begun[0].at + WINDOW_S - now

    def _begin(self, run_id: str) -> None:
        begun = _Begun(self._clock(), self._guess)
        self._begun.append(begun)
        self._tokens += begun.tokens
        self._open[run_id] = begun


class _Begun:
    """A request that has begun: when, with how many tokens, and whether they are in the window's sum."""

    __slots__ = ("at", "counted", "tokens")

    def __init__(self, at: float, tokens: float) -> None:
        self.at = at
        self.tokens = tokens
        self.counted = True
