"""Deletes runs of a runtime for good, wherever they are kept."""

import time
from typing import Protocol

from .checks import ID, NAME, TIME, check


class Deleter(Protocol):
    """What knows all places where runs are kept: a store and this process, or this process alone."""

    async def delete(self, run_id: str) -> bool: ...

    async def delete_session(self, name: str) -> int: ...

    async def expire(self, ended_before: float) -> int: ...


class Deleting:
    """The doors through which runs leave a runtime for good."""

    _deleter: Deleter

    async def delete(self, run_id: str) -> bool:
        """Delete a run for good: its log, what was large in it, what this runtime remembers; False if there is none.

        One that goes on here is stopped first. Whoever drives it elsewhere is refused from now on; who waits for it
        there gets ``RunDeleted``. Subscribers with a ``forget(run_id)``, such as ``ResponseCache``, forget it too.
        Forks of it keep the events that they share, and later runs of its session what they were told of it.

        :raises NotForgotten: a subscriber could not; all else is done.
        :raises BadInput: ``run_id`` is no text.
        """
        check({"run_id": ID}, run_id=run_id)
        return await self._deleter.delete(run_id)

    async def delete_session(self, name: str) -> int:
        """Delete every run of a session for good (see ``delete``); the answer is how many there were.

        No run of it begins meanwhile. What was forked from it, ``<name>/<run id>``, is a session of its own.

        :raises SessionBusy: a run of it begins just now, in another process.
        :raises BadInput: ``name`` can be no session's.
        """
        check({"name": NAME}, name=name)
        return await self._deleter.delete_session(name)

    async def expire(self, *, older_than_s: float) -> int:
        """Delete for good the runs that ended so many seconds ago or more (see ``delete``); the answer is how many.

        Runs without an end stay, however old they are. Nothing calls this by itself.

        :raises BadInput: ``older_than_s`` is no time.
        """
        check({"older_than_s": TIME}, older_than_s=older_than_s)
        return await self._deleter.expire(time.time() - older_than_s)
