"""Where replies are kept for requests that come again: the contract, and one in memory."""

from collections import OrderedDict
from typing import Protocol, runtime_checkable

from ..bus.errors import BadOption


@runtime_checkable
class Replies(Protocol):
    """Keeps texts by key, and knows which run has brought each. What it cannot find it has forgotten: no error."""

    async def get(self, key: str) -> str | None:
        """What was put there, or None."""
        ...

    async def put(self, key: str, reply: str, run_id: str) -> None:
        """Keep a text that a run has brought, in the place of what was there."""
        ...

    async def forget(self, run_id: str) -> None:
        """Delete for good what a run has brought."""
        ...


class MemoryReplies:
    """Keeps the latest ``entries`` replies for as long as this object lives; the one not asked for longest goes first.

    :raises BadOption: ``entries`` is no whole number above 0.
    """

    def __init__(self, entries: int = 1024) -> None:
        check_entries(entries)
        self._entries = entries
        self._kept: OrderedDict[str, tuple[str, str]] = OrderedDict()
        """Replies, each with the run that has brought it."""

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: str) -> str | None:
        """See ``Replies``."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    async def put(self, key: str, reply: str, run_id: str) -> None:
        """See ``Replies``."""
        self._kept[key] = (reply, run_id)
        self._kept.move_to_end(key)
        if len(self._kept) > self._entries:
            self._kept.popitem(last=False)

    async def forget(self, run_id: str) -> None:
        """See ``Replies``."""
        for key in [key for key, (_, brought_by) in self._kept.items() if brought_by == run_id]:
            del self._kept[key]


def check_entries(entries: object) -> None:
    """Refuse a size that keeps nothing.

    :raises BadOption: it is no whole number above 0.
    """
    if not isinstance(entries, int) or entries < 1:
        raise BadOption(f"entries={entries!r}: give a whole number above 0")
