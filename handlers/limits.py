"""How far a run may go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from ..events.state import RunState
from .errors import BadLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run; None is no bound.

    A run that reaches one ends with status ``limit``, its partial result and a conversation in which every tool call
    is answered, so that it can be continued.

    :raises BadLimit: a bound is no number that it can be; says which.
    """

    turns: int | None = 50
    """Model calls."""
    tool_calls: int | None = None
    """Tool calls that are started."""
    tokens: int | None = None
    """Input and output tokens of all replies together."""
    seconds: float | None = None
    """Wall time, waiting for people included."""
    model_faults: int = 3
    """Replies in a row with a wrong tool name or wrong arguments that the model may correct; one more fails the run."""
    repeats: int = 3
    """The same calls with the same results this often bring a nudge, twice as often the end; 0 never."""

    def __post_init__(self) -> None:
        for name, (holds, wanted) in _RULES.items():
            bound = getattr(self, name)
            if not holds(bound):
                raise BadLimit(f"Limits({name}={bound!r}): {wanted}")

    def reached(self, state: RunState) -> str | None:
        """Which bound forbids another turn, in words."""
        if self.turns is not None and state.turn >= self.turns:
            return _counted(self.turns, "turn")
        if self.tool_calls is not None and state.tool_calls >= self.tool_calls:
            return _counted(self.tool_calls, "tool call")
        if self.tokens is not None and state.usage.total_tokens >= self.tokens:
            return _counted(self.tokens, "token")
        if self.repeats and state.repeats >= 2 * self.repeats:
            return f"the same tool calls with the same results {state.repeats} times"
        return None


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _is_count(bound: object) -> bool:
    return isinstance(bound, int) and bound >= 0


def _is_bound(bound: object) -> bool:
    return bound is None or (isinstance(bound, int) and bound > 0)


def _is_time(bound: object) -> bool:
    return bound is None or (isinstance(bound, int | float) and 0 < bound < inf)


_BOUND = (_is_bound, "a bound is a whole number greater than 0, or None for no bound")
_TIME = (_is_time, "a bound is a number greater than 0, or None for no bound")
_COUNT = (_is_count, "it is a whole number, 0 or more")
_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "turns": _BOUND,
    "tool_calls": _BOUND,
    "tokens": _BOUND,
    "seconds": _TIME,
    "model_faults": _COUNT,
    "repeats": _COUNT,
}
