"""A run, as its caller holds it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic

from pydantic import JsonValue
from typing_extensions import TypeVar

from ..bus.event import Event
from ..events.content import Message
from ..events.control import CancelRequested, MessageInjected
from ..events.human import ApprovalDecided
from ..events.run import Status
from ..tools.output import OutputType, Partial
from ..tools.toolset import Toolset
from .approvals import MayDecide, decision, nothing_to_decide
from .desk import Desk
from .driven import Driven
from .errors import BadInput, RunElsewhere, RunLeft, RunOver
from .given import NOTHING, Given
from .journal import Journal
from .left import NOT_LEFT, Left
from .outcome import result_of
from .overdue import overdue
from .partials import partials
from .reader import Reader
from .result import RunResult
from .said import made, said
from .stopping import Stopping, close_run, time_is_up

if TYPE_CHECKING:
    from ..events.state import RunState

OutputT = TypeVar("OutputT", default=Any)


class Run(Driven, Generic[OutputT]):
    """One run of an agent. It goes on whether or not anyone holds this, reads its events or waits for its result."""

    __slots__ = ("_answer", "_desk", "_may_decide", "agent", "session")

    def __init__(
        self,
        journal: Journal,
        agent: str,
        session: str | None,
        grace_s: float,
        answer: OutputType[OutputT] | None = None,
        desk: Desk | None = None,
        may_decide: MayDecide | None = None,
    ) -> None:
        super().__init__(journal, grace_s)
        self.agent = agent
        self.session = session
        self._answer = answer
        self._desk = desk
        self._may_decide = may_decide

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.agent!r}: {self.status or 'running'}, {self.journal.shown} events>"

    @property
    def status(self) -> Status | None:
        """How the run ended; None while it goes on."""
        return self.journal.state.status if self.journal.ended else None

    @property
    def state(self) -> RunState:
        """The fold of the log so far. Read it; do not change it."""
        return self.journal.state

    @property
    def log(self) -> tuple[Event, ...]:
        """Every durable event so far; event ``seq`` is at ``log[seq - 1]``."""
        return tuple(self.journal.events[: self.journal.shown])

    def events(self, *, after: int = 0, ephemeral: bool = False) -> Reader:
        """Every durable event behind ``after``, once and in order, then those to come, up to the terminal one.

        Any number of readers may read, at any time and at any speed, also when the run is over. With ``ephemeral``
        the pieces of messages that are being written come between; a reader that joins in the middle of one gets
        what it has said so far as one piece. Leaving the iteration early leaves the run alone.

        :raises BadInput: ``after`` is no seq.
        """
        if not isinstance(after, int) or after < 0:  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadInput(f"events(after={after!r}): give the seq of the last event you have, or 0")
        return Reader(self.journal, after, ephemeral=ephemeral, held=self)

    def partials(self) -> AsyncGenerator[Partial[OutputT], None]:
        """The output as it grows while the model writes it, and at the end the whole one, if the run completes.

        What a wrong answer came to is among them: only ``result`` says what holds.

        :raises BadInput: the agent's output is plain text; read ``TextDelta`` from ``events(ephemeral=True)``.
        """
        if self._answer is None:
            raise BadInput("partials() needs an agent with an output type; read TextDelta from events(ephemeral=True)")
        return partials(self.events(ephemeral=True), self._answer)

    async def outcome(self) -> RunResult[Any]:
        """Wait for the end and return what the run came to, however it ended.

        Cancelling the wait leaves the run alone.

        :raises OtherLoop: the run goes on in another event loop; so say all that wait for it or tell it something.
        :raises RunInterrupted: it is not over, and nobody here can tell how it goes on. Only with a store.
        """
        self._check_loop()
        await self.journal.wait_over()
        return result_of(self.journal, self._answer)

    async def result(self) -> RunResult[OutputT]:
        """Wait for the end and return the result of a run that completed.

        :raises RunFailed: it failed. The cause is the exception where there was one.
        :raises RunCancelled: it was cancelled.
        :raises LimitReached: it reached a limit. All three carry the ``result`` there is.
        """
        outcome = await self.outcome()
        stopping = self._actor.stop_reason if self._actor is not None else None
        if stopping is not None and stopping.error is not None:
            try:
                return outcome.unwrap()
            except Exception as error:
                raise error from stopping.error
        return outcome.unwrap()

    async def cancel(self, reason: str = "cancelled", *, author: str = "caller", force: bool = False) -> None:
        """Stop the run and wait until it has stopped, for the grace time of its runtime at most.

        Cancelling twice, or a run that is over, is harmless. Tools that are running are cancelled and get a result
        that says so; what does not end within the grace time is left behind and listed in ``Runtime.zombies``.

        ``force`` ends a run that another process drives too, perhaps one that hangs: it is over at once, with the
        outcome ``unknown`` for each call that was running. That process writes nothing more of it, and stops what it
        still does when it notices: with its next write, or within a third of its lease.

        :raises RunElsewhere: another process drives the run, and there was no ``force``.
        """
        self._check_loop()
        stopping = Stopping("cancelled", reason)
        if self._desk is not None and self._undriven:
            await self._end_undriven(self._desk, stopping, author, force=force)
        self.stop(stopping, author)
        await self.outcome()

    async def send(self, message: str | Message, *, author: str = "caller") -> None:
        """Say something in the middle of the run; the model hears it at its next turn.

        :raises RunOver: the run has ended; start another one that continues the conversation.
        :raises BadInput: it is neither a text nor a user's message.
        :raises RunElsewhere: another process drives the run.
        """
        await self._command(lambda: (self._injection(message, author), 0))

    async def decide(
        self,
        call_id: str,
        *,
        approve: bool,
        author: str = "",
        reason: str = "",
        arguments: Mapping[str, JsonValue] | None = None,
        binding: str | None = None,
        given: Given = NOTHING,
    ) -> None:
        """Approve or reject a tool call that waits for a person, the arguments edited if any are given.

        ``binding`` is that of the ``ApprovalRequested`` that the person has seen, where that may be long ago. A run
        that was left goes on with what is ``given``, and what it had here.

        :raises NothingToDecide: no such call waits: it was decided, it never asked, or the run is over.
        :raises StaleDecision: the call waits with another question by now.
        :raises NotAuthorized: the runtime's ``may_decide`` says no.
        :raises BadInput: the arguments are no JSON object, or do not fit the tool, where the run's agent is known here.
        :raises NoDeps: it would let the run go on here, and its tools need deps that nobody has given.
        :raises RunElsewhere: another process drives the run.

        Whatever it raises, the call waits on.
        """

        def decided() -> tuple[Event, int]:
            state, log = self.journal.state, self.journal.events
            if self._ending:
                raise nothing_to_decide(state, log, call_id)
            return decision(
                state,
                log,
                call_id,
                approve=approve,
                author=author,
                reason=reason,
                arguments=arguments,
                binding=binding,
                tools=self._tools(given),
                may_decide=self._may_decide,
            )

        await self._command(decided, given)

    def _tools(self, given: Given) -> Toolset | None:
        """Those that the run goes on with, where its agent is known here."""
        agent = given.over(self.given).agent
        if agent is None and self._desk is not None:
            agent = self._desk.agent_of(self)
        return None if agent is None else agent.toolset

    async def remind(self, now: float, left: Left = NOT_LEFT) -> None:
        """Pass over who has not decided in time; end a run that was ``left``, and may not wait for so long."""
        deadline = left.deadline
        if deadline is not None and deadline.at <= now and self._desk is not None and self._undriven:
            await self._end_undriven(self._desk, time_is_up(deadline.seconds), "limit")
        if not overdue(self.journal.state, now):
            return
        noted = await self._note(lambda: overdue(self.journal.state, now))
        if noted is not None:
            if self._desk is not None and any(isinstance(event, ApprovalDecided) for event in noted):
                await self._desk.go_on(self, left.given)
        elif self._actor is not None and not self._ending:
            for event, cause in overdue(self.journal.state, now):
                self._actor.react(self._actor.command(event, cause))

    # --- commands ---

    async def _command(self, make: Callable[[], tuple[Event, int]], given: Given = NOTHING) -> None:
        """Append what somebody outside wants of the run, wherever it stands, and let it act; then it is recorded."""
        self._check_loop()
        if await self._told_undriven(make, given):
            return
        actor = self._actor
        if actor is not None and actor.leaving:
            raise RunLeft(f"run {self.id} is being left just now; say it again when that is done", self.id)
        event, cause = make()
        assert actor is not None, "a run that is over takes no commands"
        command = actor.command(event, cause)
        if cause:
            actor.react(command)
        if self.journal.unrecorded:
            # Whoever is told that this was taken may forget it: from then on only the log knows.
            await self.journal.wait_recorded()

    async def _told_undriven(self, make: Callable[[], tuple[Event, int]], given: Given) -> bool:
        """Append what is wanted of a run that nobody here drives, and let it go on; False if somebody does by then."""
        desk = self._desk
        if desk is None or not self._undriven:
            return False
        desk.check_deps(self, given)

        async def tell() -> bool:
            if await self._note(lambda: [make()]) is None:
                return False
            await desk.go_on(self, given)
            return True

        return await desk.whole(self.id, tell)

    async def _note(self, make: Callable[[], Sequence[tuple[Event, int]]]) -> list[Event] | None:
        """Append to the log of a run that nobody here drives; None if somebody does, or does by the time it is held."""
        if self._desk is None or not self._undriven:
            return None
        try:
            async with self._desk.noting(self.journal):
                return [self.journal.append(event, cause) for event, cause in make()] if self._undriven else None
        except RunElsewhere:
            # Whoever asks for what cannot be any more, wherever the run is driven, is told that.
            make()
            raise

    def _injection(self, message: str | Message, author: str) -> MessageInjected:
        if self._ending:
            raise RunOver(f"run {self.id} has ended ({self.status}); start a new run with its messages to go on")
        return made(MessageInjected, message=said(message), author=author)

    async def _end_undriven(self, desk: Desk, stopping: Stopping, author: str, *, force: bool = False) -> None:
        async with desk.noting(self.journal, force=force):
            if self._undriven and stopping.status is not None:
                self.journal.append(made(CancelRequested, reason=stopping.reason, author=author), 0)
                close_run(self.journal, stopping.status, stopping, ())
