"""Where a run is looked after that nobody drives in this process, though its log goes on in a store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .given import NOTHING, Given
from .journal import Journal

if TYPE_CHECKING:
    from .run import Run
    from .spec import AgentSpec

T = TypeVar("T")


class Desk(Protocol):
    """What can be done for such a run."""

    def noting(self, journal: Journal, *, force: bool = False) -> AbstractAsyncContextManager[None]:
        """Hold a run, brought up to date, so that something can be appended to its log; recorded on leaving.

        ``force`` takes it from whoever drives it.

        :raises RunElsewhere: another process drives it.
        """
        ...

    def agent_of(self, run: Run[Any]) -> AgentSpec[Any] | None:
        """The agent that the run would go on with here; None where none of its name is known."""
        ...

    def check_deps(self, run: Run[Any], given: Given) -> None:
        """Refuse what would let a run go on here that lacks what its tools need; one of another process may.

        :raises NoDeps: it does.
        """
        ...

    async def go_on(self, run: Run[Any], given: Given = NOTHING) -> None:
        """Drive the run here with what is ``given``, if its agent is known here and nobody else does."""
        ...

    async def whole(self, run_id: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do something with a run to its end, though the caller is cancelled meanwhile.

        :raises RuntimeClosed: there was no time for that.
        """
        ...
