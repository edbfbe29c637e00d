"""A run without a runtime: enough of a ``RunScope`` to await one stage alone and look at what it did."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from typing import Any, TypeVar

from loopbus.backends import ReplyFold
from loopbus.bus.event import stamp
from loopbus.bus.guest import Watch
from loopbus.bus.interception import Ruling
from loopbus.events import (
    Event,
    Message,
    ModelRequested,
    Outcome,
    RunStarted,
    RunState,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnStarted,
    user,
)
from loopbus.events.model import ModelReplied, Stop
from loopbus.events.tool import Blame

E = TypeVar("E", bound=Event)


class FakeRun:
    """A log that folds, and a note of all that a stage asks of its run."""

    def __init__(self, *events: Event, deps: Any = None, hears: Iterable[type[Event]] = ()) -> None:
        self.state = RunState()
        self.deps = deps
        self.stopping = False
        self.unrecorded = False
        self.watch = Watch()
        self.log: list[Event] = []
        self.told: list[Event] = []
        self.replies: list[ReplyFold] = []
        self.later: list[tuple[Coroutine[Any, Any, Event], str, int]] = []
        self.left: list[tuple[Coroutine[Any, Any, Any], str]] = []
        self.late_results: list[tuple[str, str, object, bool]] = []
        self.held: list[str] = []
        """The resources that were taken, and given back with a ``-`` before the name."""
        self.policy: Callable[[Event], tuple[Event, Ruling | None]] = lambda event: (event, None)
        """What the policies say to an event that a stage asks them about."""
        self._heard = frozenset(hears)
        for event in events:
            self.take(event)

    def take(self, event: E, cause: int | None = None) -> E:
        """Append an event, caused by the last one unless said otherwise."""
        stamp(event, "fake-1", len(self.log) + 1, 0.0, len(self.log) if cause is None else cause)
        self.log.append(event)
        self.state.add(event)
        return event

    def names(self) -> list[str]:
        """What is in the log, by name."""
        return [type(event).__name__ for event in self.log]

    # --- RunScope ---

    async def wait_recorded(self) -> None:
        self.unrecorded = False

    async def judge(self, event: Event) -> tuple[Event, Ruling | None]:
        return self.policy(event)

    def append(self, event: Event, cause: int) -> Event:
        return self.take(event, cause)

    def append_nowait(self, event: Event, cause: int) -> None:
        self.take(event, cause)

    def tell(self, event: Event, about: int) -> None:
        stamp(event, "fake-1", about, 0.0, about)
        self.told.append(event)

    def hears(self, event_class: type[Event]) -> bool:
        return event_class in self._heard

    def open_reply(self, fold: ReplyFold) -> None:
        self.replies.append(fold)

    def event(self, seq: int) -> Event:
        return self.log[seq - 1]

    def answer_later(self, work: Coroutine[Any, Any, Event], what: str, cause: int) -> None:
        self.later.append((work, what, cause))

    def let_go(self, rest: Coroutine[Any, Any, Any], context: Context, what: str) -> None:
        self.left.append((rest, what))

    def late(self, call_id: str, name: str, value: object, *, failed: bool) -> None:
        self.late_results.append((call_id, name, value, failed))

    @property
    def holding(self) -> Callable[[str], AbstractAsyncContextManager[Any]]:
        return self._hold

    @asynccontextmanager
    async def _hold(self, name: str) -> AsyncGenerator[None, None]:
        self.held.append(name)
        yield
        self.held.append(f"-{name}")


def prompted(prompt: str = "go", *, history: tuple[Message, ...] = (), **options: Any) -> FakeRun:
    """A run in its first turn."""
    first = RunStarted(agent="fake", model="fake", prompt=user(prompt), history=history)
    return FakeRun(first, TurnStarted(turn=1), **options)


def asked(**options: Any) -> FakeRun:
    """A run whose model is being asked."""
    run = prompted(**options)
    run.take(ModelRequested(turn=1, model="fake", messages=1))
    return run


def calling(*calls: ToolCall, stop: Stop = "tool_calls", **options: Any) -> FakeRun:
    """A run whose model has asked for these calls."""
    run = asked(**options)
    run.take(ModelReplied(turn=1, content=calls, stop=stop))
    return run


def one(name: str, call_id: str = "c1", **arguments: Any) -> ToolCall:
    """A call."""
    return ToolCall(call_id, name, arguments)


def request(run: FakeRun, call: ToolCall, arguments: Mapping[str, Any] | None = None) -> ToolRequested:
    """The wish for a call, in the log; a policy may have put other arguments into it."""
    given = call.arguments if arguments is None else arguments
    return run.take(ToolRequested(call_id=call.call_id, name=call.name, arguments=given))


def batch(
    run: FakeRun,
    turn: int,
    *calls: ToolCall,
    output: str = "42",
    outcome: Outcome = "ok",
    blame: Blame | None = None,
) -> ToolFinished:
    """A whole turn of these calls, with these results, up to its last result."""
    if turn > 1:
        run.take(TurnStarted(turn=turn))
    run.take(ModelRequested(turn=turn, model="fake", messages=1))
    run.take(ModelReplied(turn=turn, content=calls, stop="tool_calls"))
    finished: ToolFinished | None = None
    for call in calls:
        wish = request(run, call)
        run.take(ToolStarted(call_id=call.call_id, name=call.name), wish.seq)
        said = ToolFinished(call_id=call.call_id, name=call.name, outcome=outcome, blame=blame, output=output)
        finished = run.take(said)
    assert finished is not None, "a batch has calls"
    return finished
