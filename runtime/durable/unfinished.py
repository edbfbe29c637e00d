"""Lists the runs of a store that have no end, a page at a time."""

from collections import deque
from collections.abc import Awaitable, Callable

from ...stores.contract import EventLog, RunInfo
from .forking import half_made

_PAGE = 500


class Unfinished:
    """The runs without an end, the latest first. Forks that were never made whole are deleted on the way."""

    def __init__(self, log: EventLog, delete_half_made: Callable[[str], Awaitable[None]]) -> None:
        self._log = log
        self._delete_half_made = delete_half_made
        self._page: deque[RunInfo] = deque()
        self._before: int | None = None
        self.all_seen = False
        """Whether there are no more."""

    def start_over(self) -> None:
        """List them once more, from the latest on."""
        self._page.clear()
        self._before, self.all_seen = None, False

    async def next(self) -> RunInfo | None:
        """The next one, as it stood when its page was read; None when there are no more."""
        while await self._is_more():
            info = self._page.popleft()
            if not half_made(info):
                return info
            await self._delete_half_made(info.run_id)
        return None

    async def _is_more(self) -> bool:
        if not self._page and not self.all_seen:
            self._page.extend(await self._log.runs(unfinished=True, before=self._before, limit=_PAGE))
            self.all_seen = not self._page
            self._before = self._page[-1].place if self._page else None
        return bool(self._page)
