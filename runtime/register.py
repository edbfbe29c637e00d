"""What a runtime does when one of its runs begins, is left, ends, or is deleted."""

from collections.abc import Awaitable, Callable

from .left import Left
from .reminders import Reminders
from .roll import Roll
from .run import Run
from .sessions import Sessions


class Register:
    """Told of every run that is driven here. ``sessions`` are those whose conversations no store has.

    ``others_forget`` has the subscribers keep nothing of a run.
    """

    def __init__(
        self,
        roll: Roll,
        reminders: Reminders,
        sessions: Sessions | None,
        others_forget: Callable[[str], Awaitable[None]],
    ) -> None:
        self._roll = roll
        self._reminders = reminders
        self._sessions = sessions
        self._others_forget = others_forget

    def began(self, run: Run) -> None:
        """Note that a run goes on here."""
        self._roll.add(run)

    def left(self, run: Run) -> None:
        """Note that a run goes on here no more; if it only waits for people, its time is kept."""
        self._roll.leave(run)
        run.end()
        if run.state.waiting and run.journal.writable:
            self._reminders.watch(run.id, run.state, Left(run.given, run.deadline, run.state.seq))

    def over(self, run: Run) -> None:
        """Note that a run is over."""
        self._reminders.forget(run.id)
        self._roll.end(run)
        run.end()
        run.slim()
        if run.session is not None and self._sessions is not None:
            self._sessions.give_back(run.session, run.id, run.state.messages)

    async def forget(self, run_id: str) -> None:
        """Keep nothing of a run that is deleted.

        :raises NotForgotten: a subscriber does.
        """
        self._reminders.forget(run_id)
        self._roll.forget(run_id)
        await self._others_forget(run_id)
