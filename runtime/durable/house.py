"""Puts together what a runtime with a store has more than one without."""

from collections.abc import Awaitable, Callable
from typing import Any

from ...bus.bus import Bus
from ...bus.tasks import TaskOwner
from ...stores.contract import EventLog
from ..agents import Agents
from ..deps import DepsFor
from ..launch import Launcher
from ..prepared import Prepared
from ..run import Run
from ..wish import Wish
from .deleter import StoreDeleter
from .forks import Forks
from .keeper import Keeper
from .options import KeepOptions
from .shelf import Shelf


class StoreHouse:
    """The runs of a runtime with a store. ``began``, ``over``, ``left`` and ``forget`` are as for ``Shelf``."""

    def __init__(
        self,
        log: EventLog,
        options: KeepOptions,
        *,
        bus: Bus,
        owner: TaskOwner,
        launcher: Launcher,
        prepared: Prepared,
        agents: Agents,
        began: Callable[[Run], None],
        over: Callable[[Run], None],
        left: Callable[[Run], None],
        forget: Callable[[str], Awaitable[None]],
        deps_for: DepsFor | None = None,
    ) -> None:
        self.log = log
        self.shelf = Shelf(
            log,
            options,
            bus=bus,
            owner=owner,
            launcher=launcher,
            agents=agents,
            began=began,
            over=over,
            left=left,
            forget=forget,
        )
        self.keeper = Keeper(self.shelf, options, owner, launcher, prepared, deps_for)
        self.deleter = StoreDeleter(log, self.keeper.sessions, self.shelf.known, forget)
        self.forks = Forks(self.shelf, prepared, self.keeper.sessions, self.deleter)

    async def start(self, wish: Wish) -> Run[Any]:
        """See ``Keeper.start``."""
        return await self.keeper.start(wish)
