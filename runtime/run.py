"""A run, as its caller holds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Generic

from anyio import CancelScope
from pydantic import JsonValue
from typing_extensions import TypeVar

from ..bus.event import Event
from ..events.content import Message
from ..events.control import CancelRequested, MessageInjected
from ..events.human import ApprovalDecided
from ..events.run import Status
from ..tools.output import OutputType, Partial
from .actor import Actor
from .errors import BadInput, NothingToDecide, OtherLoop, RunOver
from .outcome import result_of
from .partials import partials
from .reader import Reader
from .result import RunResult
from .said import made, said
from .stopping import Stopping

if TYPE_CHECKING:
    from ..events.state import RunState

OutputT = TypeVar("OutputT", default=Any)


class Run(Generic[OutputT]):
    """One run of an agent. It goes on whether or not anyone holds this, reads its events or waits for its result."""

    __slots__ = ("__weakref__", "_actor", "_answer", "_grace_s", "_task", "_timer", "agent", "id", "session")

    def __init__(
        self,
        run_id: str,
        agent: str,
        session: str | None,
        actor: Actor,
        grace_s: float,
        answer: OutputType[OutputT] | None = None,
    ) -> None:
        self.id = run_id
        self.agent = agent
        self.session = session
        self._actor = actor
        self._grace_s = grace_s
        self._answer = answer
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return (
            f"<Run {self.id} of {self.agent!r}: {self.status or 'running'}, {len(self._actor.journal.events)} events>"
        )

    @property
    def status(self) -> Status | None:
        """How the run ended; None while it goes on."""
        return self._actor.journal.state.status

    @property
    def state(self) -> RunState:
        """The fold of the log so far. Read it; do not change it."""
        return self._actor.journal.state

    @property
    def log(self) -> tuple[Event, ...]:
        """Every durable event so far; event ``seq`` is at ``log[seq - 1]``."""
        return tuple(self._actor.journal.events)

    def events(self, *, after: int = 0, ephemeral: bool = False) -> Reader:
        """Every durable event behind ``after``, once and in order, then those to come, up to the terminal one.

        Any number of readers may read, at any time and at any speed, also when the run is over. With ``ephemeral``
        the pieces of messages that are being written come between; a reader that joins in the middle of one gets
        what it has said so far as one piece. Leaving the iteration early leaves the run alone.

        :raises BadInput: ``after`` is no seq.
        """
        if not isinstance(after, int) or after < 0:  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadInput(f"events(after={after!r}): give the seq of the last event you have, or 0")
        return Reader(self._actor.journal, after, ephemeral=ephemeral)

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
        """
        self._check_loop()
        journal = self._actor.journal
        await journal.wait_over()
        return result_of(journal, self._answer)

    async def result(self) -> RunResult[OutputT]:
        """Wait for the end and return the result of a run that completed.

        :raises RunFailed: it failed. The cause is the exception where there was one.
        :raises RunCancelled: it was cancelled.
        :raises LimitReached: it reached a limit. All three carry the ``result`` there is.
        """
        outcome = await self.outcome()
        stopping = self._actor.stop_reason
        if stopping is not None and stopping.error is not None:
            try:
                return outcome.unwrap()
            except Exception as error:
                raise error from stopping.error
        return outcome.unwrap()

    async def cancel(self, reason: str = "cancelled", *, author: str = "caller") -> None:
        """Stop the run and wait until it has stopped, for the grace time of its runtime at most.

        Cancelling twice, or a run that is over, is harmless. Tools that are running are cancelled and get a result
        that says so; what does not end within the grace time is left behind and listed in ``Runtime.zombies``.
        """
        self._check_loop()
        self.stop(Stopping("cancelled", reason), author)
        await self.outcome()

    async def send(self, message: str | Message, *, author: str = "caller") -> None:
        """Say something in the middle of the run; the model hears it at its next turn.

        :raises RunOver: the run has ended; start another one that continues the conversation.
        :raises BadInput: it is neither a text nor a user's message.
        """
        self._check_loop()
        if self._actor.ending:
            raise RunOver(f"run {self.id} has ended ({self.status}); start a new run with its messages to go on")
        self._actor.command(made(MessageInjected, message=said(message), author=author), 0)

    async def decide(
        self,
        call_id: str,
        *,
        approve: bool,
        author: str = "",
        reason: str = "",
        arguments: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Approve or reject a tool call that waits for a person, the arguments edited if any are given.

        :raises NothingToDecide: no such call waits: it was decided, it never asked, or the run is over.
        :raises BadInput: the arguments are no JSON object.
        """
        self._check_loop()
        state = self._actor.state
        asked = state.waiting.get(call_id)
        if asked is None or self._actor.ending:
            waiting = ", ".join(state.waiting) or "none"
            raise NothingToDecide(
                f"call {call_id!r} of run {self.id} does not wait for a decision (waiting: {waiting})"
            )
        decision = made(
            ApprovalDecided, call_id=call_id, approve=approve, author=author, reason=reason, arguments=arguments
        )
        self._actor.react(self._actor.command(decision, asked.seq))

    def _check_loop(self) -> None:
        """Refuse another event loop than the run's own: nothing there would ever be woken."""
        if self._task is not None and self._task.get_loop() is not asyncio.get_running_loop():
            raise OtherLoop(
                f"run {self.id} goes on in another event loop; from a thread beside that loop, call "
                "asyncio.run_coroutine_threadsafe(run.outcome(), loop)"
            )

    # --- for the runtime ---

    def begin(self, task: asyncio.Task[Any], seconds: float | None) -> None:
        """Take the actor's task, and stop the run after so many ``seconds``."""
        self._task = task
        if seconds is not None:
            limit = Stopping("limit", f"{seconds:g} seconds")
            self._timer = task.get_loop().call_later(seconds, self.stop, limit, "limit")

    def stop(self, stopping: Stopping, author: str) -> None:
        """Begin to stop, without waiting: the log is closed after the grace time at the latest."""
        actor, task = self._actor, self._task
        wish = made(CancelRequested, reason=stopping.reason, author=author)
        if task is None or not actor.stop(stopping):
            return
        task.cancel(stopping.reason)
        self.end()
        self._timer = task.get_loop().call_later(self._grace_s, actor.abandon, task)
        actor.journal.append(wish, 0)

    async def wait_shielded(self) -> None:
        """Wait for the end of a run that is being stopped, whoever cancels meanwhile; the grace time bounds it."""
        with CancelScope(shield=True):
            await self._actor.journal.wait_over()

    def end(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def slim(self) -> None:
        """Let go of what nobody asks of a run that is over; a tool that goes on has its own hold on the ``deps``."""
        self._task = self._actor.deps = self._actor.journal.reply = None
