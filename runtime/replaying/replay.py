"""Executes a recorded run again, with everything that came from outside taken from its log."""

from collections import deque
from collections.abc import Collection, Sequence
from typing import Any, cast

from ...bus.event import Event
from ...events.control import CancelRequested
from ...events.human import ApprovalDecided
from ...events.model import ModelRequested
from ...events.run import RunFinished, RunForked, RunResumed, RunStarted
from ...events.tool import ToolRequested
from ...handlers.limits import Limits
from ..errors import BadInput, ReplayMismatch
from ..journal import Journal
from ..outcome import result_of
from ..result import RunResult
from ..setup import setup_of
from ..spec import AgentSpec
from ..stopping import Stopping
from .closing import requested, take_close
from .decisions import is_decided
from .idle import models_of
from .idle_stages import Caused, IdleStages
from .mismatch import mismatch
from .rulings import answered, explained, ruled, wish_of
from .tape import Cut, Tape, equal, placed


async def replay_events(
    agent: AgentSpec[Any],
    events: Sequence[Event],
    *,
    judged: Collection[type[Event]] = (),
    deps: Any = None,
    limits: Limits | None = None,
) -> RunResult[Any] | None:
    """Execute a run again from its ``events`` and return what it came to; None if its log has no end yet.

    Nothing is done on the way: what models, tools, people and policies have done is in the log. What the code decides
    must be what the log has, byte for byte. ``judged`` are the kinds of events that had policies, which may have
    changed or refused them; of those the log's word is taken for that. Instructions that are a function are asked only
    if ``deps`` are given. ``limits`` are those that the run was started with, where they were not the agent's own.

    :raises ReplayMismatch: the code does something else than the log has.
    :raises BadInput: the events are no log of one run.
    :raises NotConfigured: the agent's model has a name that nobody knows.
    """
    _check(events)
    replaying = Replaying(agent, events, judged, deps, limits)
    await replaying.run()
    return replaying.result


class Replaying:
    """One run that is executed again.

    A stage decides at some moment between the event that it hears and the first that it causes. Most are asked when the
    log has come to the latter; those that decide about tool calls, which run beside each other, at both moments.
    """

    def __init__(
        self,
        agent: AgentSpec[Any],
        events: Sequence[Event],
        judged: Collection[type[Event]],
        deps: Any,
        limits: Limits | None,
    ) -> None:
        self._agent = agent
        self._judged = judged
        self._tape = Tape(events)
        self._models = models_of(agent)
        self._stages = IdleStages(agent, self._models, self._tape, deps, limits or agent.limits)
        self._owed: dict[int, deque[Event]] = {}
        """What stages have caused and the log has not come to, by cause."""
        self._deciders: dict[int, Event] = {}
        """Where it is not the cause itself, the event whose stage causes what has this cause."""
        self._begun: set[int] = set()
        """Causes of which the log has come to some effect."""
        self._stopping: Stopping | None = None
        self._borrowed = max((event.seq for event in events if isinstance(event, RunForked)), default=0)
        """Up to where the log is that of another run, perhaps of another agent."""

    async def run(self) -> None:
        """Go through the log.

        :raises ReplayMismatch: the code does something else.
        """
        tape = self._tape
        while (recorded := tape.next) is not None:
            if not is_decided(recorded, tape):
                tape.take()
            elif recorded.seq < self._borrowed:
                await self._follow(recorded)
            else:
                await self._confirm(recorded)
            await self._hear(recorded)

    @property
    def result(self) -> RunResult[Any] | None:
        """What the run came to; None if the log has no end."""
        if not isinstance(self._tape.events[-1], RunFinished):
            return None
        return result_of(cast(Journal, self._tape), self._agent.answer)

    # --- hearing ---

    async def _hear(self, event: Event) -> None:
        """Take note of an event that has happened."""
        match event:
            case ToolRequested():
                self._owe(await self._stages.ask(event))
            case ApprovalDecided():
                wish = wish_of(self._tape, event)
                if wish is not None:
                    self._deciders[wish.seq] = event
                    self._begun.discard(wish.seq)
                self._owe(await self._stages.ask(event))
            case CancelRequested():
                self._stopping = requested(event)
            case RunResumed() | RunForked():
                # Whatever was not done to its end is decided again.
                self._begun.clear()
                self._stopping = None
            case _:
                pass

    def _owe(self, caused: Sequence[Caused]) -> None:
        for event, cause in caused:
            self._owed[cause] = deque([event])

    # --- deciding ---

    async def _confirm(self, recorded: Event) -> None:
        """Take an event that the code decides, if it decides it now.

        :raises ReplayMismatch: it does not.
        """
        if isinstance(recorded, RunStarted):
            self._begin(recorded)
            return
        place = len(self._tape.events)
        try:
            expected = await self._decide(recorded)
        except ReplayMismatch as unlike:
            take_close(self._tape, self._stopping, unlike)
            return
        except Cut:
            return
        if len(self._tape.events) == place:
            if expected is not None:
                event, cause = expected
                judged = explained(self._tape, event, cause, recorded)
                unlike = mismatch(recorded, placed(event, cause, recorded), judged)
                take_close(self._tape, self._stopping, unlike)
            else:
                self._tape.take()
        self._begun.add(recorded.cause)

    async def _decide(self, recorded: Event) -> Caused | None:
        """What the code causes in the place of ``recorded``; None if it is the same, or as good.

        A stage that puts events into the log while it decides has them taken meanwhile.
        """
        cause, place = recorded.cause, len(self._tape.events)
        owed = self._owed.get(cause)
        while owed and self._for_a_fork(owed[0]):
            owed.popleft()
        if owed and self._accepts(owed[0], cause, recorded):
            owed.popleft()
            return None
        again = cause not in self._begun
        fresh = await self._ask_about(cause, recorded) if again else deque[Event]()
        if len(self._tape.events) > place:
            self._owed[cause] = fresh
            return None
        if fresh and self._accepts(fresh[0], cause, recorded):
            fresh.popleft()
            self._owed[cause] = fresh
            return None
        if again and answered(self._tape, recorded, self._judged):
            self._owed.pop(cause, None)
            return None
        expected = fresh or owed
        return (expected[0], cause) if expected else await self._guess(recorded)

    def _accepts(self, expected: Event, cause: int, recorded: Event) -> bool:
        free = ("instructions",) if self._stages.untold and isinstance(expected, ModelRequested) else ()
        return equal(expected, cause, recorded, free) or ruled(expected, cause, recorded, self._judged)

    async def _guess(self, recorded: Event) -> Caused:
        """What the code is about to do, where the log has an event that nothing causes.

        :raises ReplayMismatch: that is nothing; or a stage puts something else into the log.
        """
        for event in reversed(self._tape.events):
            owed = self._owed.get(event.seq)
            if owed:
                return owed[0], event.seq
            if event.seq not in self._begun and (caused := await self._stages.ask(event)):
                return caused[0]
        raise mismatch(recorded, None)

    async def _ask_about(self, cause: int, recorded: Event) -> deque[Event]:
        """What the stage that decides about a cause makes of it now."""
        decider = self._deciders.get(cause) or self._tape.cause_of(recorded)
        caused = await self._stages.ask(decider, recorded) if decider is not None else []
        return deque(event for event, caused_by in caused if caused_by == cause and not self._for_a_fork(event))

    def _for_a_fork(self, event: Event) -> bool:
        """Whether a fork has requested this call already, because it answers it."""
        return isinstance(event, ToolRequested) and event.call_id in self._tape.edited

    # --- the two kinds of events that are taken in another way ---

    def _begin(self, recorded: RunStarted) -> None:
        """Take the first event, if the agent would begin a run in the same way."""
        made = {"agent": self._agent.name, "model": self._models.first.model, "tools": self._agent.toolset.names}
        if recorded.setup:
            made["setup"] = setup_of(self._agent)
        expected = recorded.model_copy(update=made)
        if not equal(expected, 0, recorded):
            raise mismatch(recorded, placed(expected, 0, recorded))
        self._tape.take()

    async def _follow(self, recorded: Event) -> None:
        """Take an event that was decided in another run, as it is."""
        tape = self._tape
        try:
            await self._confirm(recorded)
        except ReplayMismatch:
            if tape.next is recorded:
                owed = self._owed.get(recorded.cause)
                if owed:
                    owed.popleft()
                self._begun.add(recorded.cause)
                tape.take()


def _check(events: Sequence[Event]) -> None:
    first = events[0] if events else None
    if not isinstance(first, RunStarted):
        raise BadInput(f"a log of a run begins with RunStarted, not with {type(first).__name__}")
    for seq, event in enumerate(events, 1):
        if (event.run_id, event.seq) != (first.run_id, seq):
            raise BadInput(
                f"a log has every event of one run in order: event {seq} of run {first.run_id} is due, and there is "
                f"event {event.seq} of run {event.run_id}"
            )
