"""Puts together what a runtime with a store has more than one without."""

from typing import Any

from ...stores.contract import EventLog
from ..deps import DepsFor
from ..fixtures import Fixtures
from ..register import Register
from ..run import Run
from ..wish import Wish
from .deleter import StoreDeleter
from .forks import Forks
from .keeper import Keeper
from .options import KeepOptions
from .shelf import Shelf


class StoreHouse:
    """The runs of a runtime with a store."""

    def __init__(
        self, log: EventLog, options: KeepOptions, fixtures: Fixtures, register: Register, deps_for: DepsFor | None
    ) -> None:
        self.log = log
        self.shelf = Shelf(log, options, fixtures, register)
        self.keeper = Keeper(self.shelf, options, fixtures, deps_for)
        self.deleter = StoreDeleter(log, self.keeper.sessions, self.shelf.known, register.forget)
        self.forks = Forks(self.shelf, fixtures.prepared, self.keeper.sessions, self.deleter)

    async def start(self, wish: Wish) -> Run[Any]:
        """See ``Keeper.start``."""
        return await self.keeper.start(wish)
