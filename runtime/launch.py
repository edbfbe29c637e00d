"""Sets an actor to work on a run."""

from collections.abc import Sequence
from typing import Any

from ..bus.bus import Bus
from ..bus.guest import Watch
from ..bus.tasks import TaskOwner
from ..handlers.limits import Limits
from .actor import Actor
from .approvals import MayDecide
from .frontier import Unanswered
from .helpers import Helpers, Zombies
from .journal import Journal
from .left import Left
from .prepared import Stages
from .reminders import Reminders
from .resources import Resources
from .run import Run


class Launcher:
    """What the runs of one runtime share: who owns their tasks, where what cannot be ended is listed, and the like."""

    def __init__(
        self,
        bus: Bus,
        owner: TaskOwner,
        watch: Watch,
        zombies: Zombies,
        reminders: Reminders,
        grace_s: float,
        may_decide: MayDecide | None = None,
    ) -> None:
        self.grace_s = grace_s
        self.may_decide = may_decide
        self._bus = bus
        self._owner = owner
        self._watch = watch
        self._zombies = zombies
        self._reminders = reminders
        self._resources = Resources()

    def wait_for_people(self, run: Run[Any], left: Left) -> None:
        """Keep the time of a run and of its questions, though nobody drives it."""
        self._reminders.watch(run.id, run.state, left)

    def launch(
        self,
        run: Run,
        journal: Journal,
        stages: Stages,
        frontier: Sequence[Unanswered],
        deps: Any,
        limits: Limits,
        *,
        parks: bool = False,
        spent_s: float = 0.0,
    ) -> None:
        """Have the run driven on from its ``frontier``, in a task of its own; it has ``spent_s`` seconds behind it."""
        helpers = Helpers(self._owner, self._zombies, run.id, self.grace_s)
        actor = Actor(
            journal,
            stages,
            self._bus,
            helpers,
            holding=self._resources.holding,
            watch=self._watch,
            deps=deps,
            reminders=self._reminders,
            parks=parks,
        )
        task = self._owner.spawn(actor.drive(frontier), name=f"run {run.id}")
        # A task that is cancelled before its first step never runs at all.
        task.add_done_callback(lambda _: actor.finish())
        run.begin(actor, task, limits.seconds, spent_s)
