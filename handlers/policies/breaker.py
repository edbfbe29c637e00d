"""A policy: a model that fails again and again is left alone for a while, by all runs."""

from collections.abc import Callable

import anyio

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...bus.interception import Instead
from ...bus.options import positive
from ...events.fault import Fault
from ...events.model import ModelFailed, ModelReplied, ModelRequested
from ...events.recovery import CircuitClosed, CircuitOpened
from ...events.state import RunState
from ..model_names import picks


class CircuitBreaker:
    """Answers at once with a failure, in place of a model that has failed ``failures`` times in a row.

    Hears ModelRequested; answers it, or ``Instead`` a ModelFailed with ``CircuitOpen``, so that a fallback is asked
    right away. Causes CircuitOpened and CircuitClosed. After ``open_s`` seconds one request, of whichever run comes
    first, finds out whether the model is well again. What counts is what may go away by itself (``Fault.retryable``),
    for each model apart; ``models`` are patterns of the models that are watched, all if there are none. One object may
    be attached to several runtimes, and is then shared by all their runs::

        runtime.subscribe(CircuitBreaker("openai:*", failures=5, open_s=30))

    ``clock`` gives seconds that only ever grow; it is the event loop's unless said otherwise.

    :raises BadOption: an option is not what it can be.
    """

    def __init__(
        self,
        *models: str,
        failures: int = 5,
        open_s: float = 30.0,
        order: int = 100,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        if not isinstance(failures, int) or failures < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadOption(f"CircuitBreaker(failures={failures!r}): give a whole number, 1 or more")
        positive("open_s", open_s)
        self._watched = picks(models, "CircuitBreaker")
        self._failures = failures
        self._open_s = open_s
        self._order = order
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    def __call__(self, event: ModelRequested, state: RunState) -> ModelRequested | Instead:
        circuit = self._circuits.get(event.model)
        if circuit is None or circuit.lets_through(self._clock(), self._open_s, state.run_id):
            return event
        left_s = max(circuit.until - self._clock(), 0.0)
        words = f"{event.model} failed {circuit.failures} times in a row, so it is not asked for another {left_s:.0f} s"
        fault = Fault("CircuitOpen", words, "policy", retry_after_s=left_s)
        return Instead(ModelFailed(turn=event.turn, error=fault, model=event.model))

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus. Should it ever fail, the model is asked."""
        bus.intercept(ModelRequested, self, name="CircuitBreaker", order=self._order, on_error="allow")
        bus.derive((ModelReplied, ModelFailed), self.note, name="CircuitBreaker")

    def note(self, event: ModelReplied | ModelFailed) -> CircuitOpened | CircuitClosed | None:
        """What the end of this request means for all the others."""
        circuit = self._circuits.get(event.model)
        if isinstance(event, ModelReplied):
            return self._close(event, circuit) if circuit is not None else None
        if event.error.retryable and self._watched(event.model):
            return self._fail(event, circuit or self._circuits.setdefault(event.model, _Circuit()))
        if circuit is not None and circuit.probe == event.run_id:
            # It was stopped, or refused for a reason of its own: that says nothing of the model, so another may try.
            circuit.probe, circuit.until = "", self._clock()
        return None

    def _close(self, event: ModelReplied, circuit: "_Circuit") -> CircuitClosed | None:
        if circuit.open and circuit.probe != event.run_id:
            # It was asked before the circuit opened, or was not asked at all: a cache has answered.
            return None
        del self._circuits[event.model]
        return CircuitClosed(model=event.model) if circuit.open else None

    def _fail(self, event: ModelFailed, circuit: "_Circuit") -> CircuitOpened | None:
        circuit.failures += 1
        if circuit.open and circuit.probe != event.run_id:
            return None
        if circuit.failures < self._failures:
            return None
        circuit.open, circuit.probe = True, ""
        circuit.until = self._clock() + self._open_s
        return CircuitOpened(model=event.model, failures=circuit.failures, open_s=self._open_s)


class _Circuit:
    """What is known of a model that has failed."""

    __slots__ = ("failures", "open", "probe", "until")

    def __init__(self) -> None:
        self.failures = 0
        """In a row."""
        self.open = False
        self.until = 0.0
        """When the next request may find out, or another one if that does not come back."""
        self.probe = ""
        """The run whose request is to find out."""

    def lets_through(self, now: float, open_s: float, run_id: str) -> bool:
        if not self.open:
            return True
        if now < self.until:
            return False
        self.probe, self.until = run_id, now + open_s
        return True
