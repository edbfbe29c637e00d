"""Where replies are kept for requests that come again: the contract, and one in memory."""

from collections import OrderedDict
from typing import Protocol, runtime_checkable

from ..bus.errors import BadOption


@runtime_checkable
class Replies(Protocol):
    """Keeps texts by key. What it cannot find it has forgotten, which is no error."""

    async def get(self, key: str) -> str | None:
        """What was put there, or None."""
        ...

    async def put(self, key: str, reply: str) -> None:
        """Keep a text, in the place of what was there."""
        ...


class MemoryReplies:
    """Keeps the latest ``entries`` replies for as long as this object lives; the one not asked for longest goes first.

    :raises BadOption: ``entries`` is no whole number above 0.
    """

    def __init__(self, entries: int = 1024) -> None:
        check_entries(entries)
        self._entries = entries
        self._kept: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: str) -> str | None:
        """See ``Replies``."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def put(self, key: str, reply: str) -> None:
        """See ``Replies``."""
        self._kept[key] = reply
        self._kept.move_to_end(key)
        if len(self._kept) > self._entries:
            self._kept.popitem(last=False)


def check_entries(entries: object) -> None:
    """Refuse a size that keeps nothing.

    :raises BadOption: it is no whole number above 0.
    """
    if not isinstance(entries, int) or entries < 1:
        raise BadOption(f"entries={entries!r}: give a whole number above 0")
