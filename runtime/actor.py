"""The actor that a run is: one inbox, one task, one event at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from ..bus import nesting
from ..bus.bus import Bus
from ..bus.event import Event
from ..bus.guest import Watch
from ..bus.interception import Ruling
from ..bus.observer import name_of
from ..bus.outbox import MOST
from ..bus.stages import Stage
from ..bus.traces import loggable
from ..bus.words import describe
from ..events.fault import Fault
from ..events.run import RunFinished
from ..events.tool import ToolFinished
from .errors import OutOfOrder, RunOver
from .frontier import Unanswered, not_recorded
from .helpers import Helpers
from .journal import Journal
from .judging import Judging
from .reminders import Reminders
from .scope import Holding
from .stopping import Stopping, close_run, leave_run, under_way
from .turn import OVER

_log = logging.getLogger("loopbus.runtime")
_NO_FAILURE = (RunOver, OutOfOrder, KeyboardInterrupt, GeneratorExit)
"""What a stage may raise without being to blame for it."""
_BY_THE_LOOP = Stopping("cancelled", "the event loop cancelled the run")
"""Why a run ends whose tasks are cancelled by nobody who asked the run to stop."""
_FOR_PEOPLE = Stopping(None, "it waits for a decision")
"""Why a run is left that has nothing to do."""
_TURN = 128
"""Events after which a run that never waits lets the rest of the loop have a turn."""
_STEPS = range(1, _TURN + 1)


class Actor(Judging):
    """Drives one run: takes the next event, appends it, awaits the stage that hears it, and takes what that causes.

    It is itself what the stages see. What may be asked of a run from outside is on ``Run``. One that ``parks`` leaves
    the run when there is nothing to do but wait for people.
    """

    __slots__ = ("_inbox", "_parks", "_pause", "_reminders", "_taken_up")

    def __init__(
        self,
        journal: Journal,
        stages: Mapping[type[Event], Stage],
        bus: Bus,
        helpers: Helpers,
        *,
        holding: Holding,
        watch: Watch,
        deps: Any,
        reminders: Reminders,
        parks: bool = False,
    ) -> None:
        super().__init__(journal, stages, bus, helpers, holding=holding, watch=watch, deps=deps)
        self._reminders = reminders
        self._parks = parks
        self._taken_up = False
        self._inbox: deque[tuple[Event, int]] = deque()
        self._pause: asyncio.Future[None] | None = None

    # --- driving ---

    async def drive(self, frontier: Sequence[Unanswered]) -> None:
        """Go on from the end of the log to the terminal event, whatever happens on the way."""
        nesting.forget()
        try:
            await self._loop_whatever(frontier)
            if not self.done:
                await self._helpers.stop()
        finally:
            fenced = self.done and self.stop_reason is not None
            self.finish()
            if fenced:
                for event, _ in self._inbox:
                    self._too_late(event)

    async def _loop_whatever(self, frontier: Sequence[Unanswered]) -> None:
        """Loop, and when that fails note why: what is left to do is the same in every case."""
        try:
            await self._take_up(frontier)
            await self._loop()
        except asyncio.CancelledError:
            self.stop(_BY_THE_LOOP)
        except Exception as error:
            self.stop(Stopping("failed", describe(error), Fault.of(error, "runtime"), error))

    async def _take_up(self, frontier: Sequence[Unanswered]) -> None:
        """Put what the log has and nobody answered into the inbox; what was not begun needs its policies' consent."""
        for event, begun in frontier:
            self._taken_up = self._taken_up or event.seq > 1
            verdict = None
            if event.wish and not begun and self._bus.has_policies:
                # What they would change was changed before it came into the log.
                _, verdict = await self.judge(event)
            instead = self._stand_in(event, verdict) if verdict is not None else None
            self._inbox.append((event, event.cause) if instead is None else (instead, event.seq))

    async def _loop(self) -> None:
        journal, inbox, bus = self.journal, self._inbox, self._bus
        handled = 0
        while self.stop_reason is None and journal.phase is not OVER:
            if not inbox:
                if self.state.waiting:
                    self._reminders.watch(journal.run_id, self.state)
                if self._parks and self._waits_for_people():
                    self.stop(_FOR_PEOPLE)
                    # At once: a decision that came in between would find a run that takes none any more.
                    self.finish()
                else:
                    await self._wait_inbox()
                continue
            # It stays in the inbox while policies look at it, so that a cancellation cannot lose it.
            event, cause = inbox[0]
            # What has a seq is a command that came from outside: in the log already, and only its stage is to act.
            if not event.seq:
                if bus.has_policies:
                    event, verdict = await self.judge(event)
                    if verdict is not None:
                        self._refuse(event, verdict, cause)
                        continue
                journal.append(event, cause)
            inbox.popleft()
            handled += await self._follow(event)
            if len(bus.outbox.events) > MOST:
                bus.outbox.flush()
            if bus.may_block:
                await bus.wait_room()
            if handled >= _TURN:
                handled = 0
                await asyncio.sleep(0)

    async def _follow(self, event: Event) -> int:
        """Await the stage of a fact, then that of what it causes, and so on for as long as nobody else has a say.

        Says how many it has handled. What is left is in the inbox then: several events at its end; one that a policy or
        a full queue may hold up at its front, because what a call came to is a fact before the next call of its reply
        begins.
        """
        inbox, bus, append, find_stage = self._inbox, self._bus, self.journal.append, self._stages.get
        for handled in _STEPS:
            stage = find_stage(type(event))
            if stage is None:
                return handled
            try:
                caused = await stage(event, self)
            except BaseException as error:
                self._stage_failed(stage, event, error)
                return handled
            if caused is None:
                return handled
            if isinstance(caused, list):
                if self._taken_up:
                    caused = not_recorded(caused, event.seq, self.journal.events)
                inbox.extend([(each, event.seq) for each in caused])
                return handled
            if bus.may_hold or self.stop_reason is not None:
                inbox.appendleft((caused, event.seq))
                return handled
            event = append(caused, event.seq)
        inbox.appendleft((event, event.cause))
        return _TURN

    def _stage_failed(self, stage: Stage, event: Event, error: BaseException) -> None:
        if isinstance(error, _NO_FAILURE) or (isinstance(error, asyncio.CancelledError) and _is_cancelled()):
            raise error
        where = name_of(stage)
        words = f"stage {where} failed on {type(event).__name__}: {describe(error)}"
        _log.error("run %s: %s", self.journal.run_id, words, exc_info=loggable(error))
        self.stop(Stopping("failed", words, Fault(type(error).__name__, words, where), error))

    def _refuse(self, event: Event, verdict: Ruling, cause: int) -> None:
        """Put what stands in for an event that its policies did not let through in its place in the inbox."""
        journal, inbox = self.journal, self._inbox
        inbox.popleft()
        result = self._stand_in(event, verdict)
        if result is None:
            # Nothing could stand in for it, so a refusal cannot be honoured.
            words = f"refused a {type(event).__name__}, which can only be changed"
            self._bus.failed("a policy", event, words, run_id=journal.run_id)
            inbox.appendleft((journal.append(event, cause), cause))
        elif event.wish:
            journal.append(event, cause)
            inbox.append((result, event.seq))
        else:
            inbox.appendleft((journal.append(result, cause), cause))

    def _waits_for_people(self) -> bool:
        """Whether nothing moves the run on but a decision; asked of the state: a tool's task outlives its result."""
        waiting = self.state.waiting
        return bool(waiting) and all(call.call_id in waiting for call in self.state.transcript.open_calls())

    async def _wait_inbox(self) -> None:
        pause = self._pause = asyncio.get_running_loop().create_future()
        try:
            await pause
        finally:
            self._pause = None

    def take(self, event: Event, cause: int) -> None:
        """Put into the inbox what somebody beside the actor has to say; after the end it is too late for that."""
        if self.done:
            self._too_late(event)
            return
        self._inbox.append((event, cause))
        self._go_on()

    def _go_on(self) -> None:
        if self._pause is not None and not self._pause.done():
            self._pause.set_result(None)

    def _too_late(self, event: Event) -> None:
        if isinstance(event, ToolFinished):
            self.late(event.call_id, event.name, event.output, failed=event.outcome != "ok")

    @property
    def ending(self) -> bool:
        """Whether the run takes no more commands: it is over, is being stopped, or has decided to end."""
        return (
            self.done or self.stop_reason is not None or any(isinstance(event, RunFinished) for event, _ in self._inbox)
        )

    @property
    def leaving(self) -> bool:
        """Whether the run is being left just now, and will take commands again when it is."""
        return not self.done and self.stop_reason is not None and self.stop_reason.status is None

    def command(self, event: Event, cause: int) -> Event:
        """Append what somebody outside the run wants of it.

        :raises PublishCycle: a subscriber gives such commands whenever it hears of one; this one is not appended.
        """
        nesting.chain_of(event)
        return self.journal.append(event, cause)

    def react(self, command: Event) -> None:
        """Let the stage of a command that is in the log already act, in its turn."""
        self.take(command, command.cause)

    # --- stopping ---

    def stop(self, stopping: Stopping) -> bool:
        """Note why the run is to end now; False if it is ending already. What awaits is cancelled by the caller."""
        if self.stop_reason is not None or self.done:
            return False
        self.stop_reason = stopping
        return True

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """Close the log though ``task``, which drives this, has not come to its end: the grace time is over."""
        if not (self.done or self._helpers.busy):
            self._helpers.give_up_own(task, under_way(self.state))
        self.finish()

    def finish(self) -> None:
        """Close the log, or leave it, now, whether or not the actor is ready for it. Twice is harmless."""
        if self.done:
            return
        stopping = self.stop_reason = self.stop_reason or _BY_THE_LOOP
        waiting = [(event, cause) for event, cause in self._inbox if not event.seq]
        self._inbox.clear()
        if not self.journal.writable:
            pass
        elif stopping.status is not None:
            judged = [(self._unjudged(event), cause) for event, cause in waiting]
            close_run(self.journal, stopping.status, stopping, judged)
        else:
            leave_run(self.journal, stopping.reason, [each for each in waiting if not self._has_policies(each[0])])
        self.left = True
        self._helpers.give_up()

    # --- tools beside the run's own task ---

    def answer_later(self, work: Coroutine[Any, Any, Event], what: str, cause: int) -> None:
        task = self._helpers.spawn(self._answer(work, cause), what)
        # A task that is cancelled before its first step never takes it.
        task.add_done_callback(lambda _: work.close())

    async def _answer(self, work: Coroutine[Any, Any, Event], cause: int) -> None:
        try:
            self.take(await work, cause)
        except RunOver:
            return
        except asyncio.CancelledError:
            if self.stop(_BY_THE_LOOP):
                self._go_on()
            raise
        except Exception as error:
            if self.stop(Stopping("failed", describe(error), Fault.of(error, "runtime"), error)):
                self._go_on()


def _is_cancelled() -> bool:
    """Whether somebody wants the running task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
