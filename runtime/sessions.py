"""Named conversations, kept in memory while their runtime lives, and not too many of them."""

import logging
from collections import OrderedDict
from collections.abc import Sequence

from ..events.content import Message
from .errors import SessionBusy

_log = logging.getLogger("loopbus.runtime")


class Sessions:
    """Conversations by name. A run takes its session, and gives it back with what was said.

    Of those that no run has just now, ``capacity`` are kept. The one that was used longest ago is forgotten first;
    the log says so the first time.
    """

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._idle: OrderedDict[str, tuple[Message, ...]] = OrderedDict()
        self._busy: dict[str, tuple[str, tuple[Message, ...]]] = {}
        self._forgot = False

    def __len__(self) -> int:
        return len(self._idle) + len(self._busy)

    def messages(self, name: str) -> tuple[Message, ...]:
        """The conversation so far; empty for a name that was never used."""
        return self._busy[name][1] if name in self._busy else self._idle.get(name, ())

    def holder(self, name: str) -> str | None:
        """The run that has a session just now."""
        return self._busy[name][0] if name in self._busy else None

    def take(self, name: str, run_id: str) -> tuple[Message, ...]:
        """The conversation, for one run alone.

        :raises SessionBusy: another run has it; wait for that one, send to it, or cancel it.
        """
        holder = self._busy.get(name)
        if holder is not None:
            raise SessionBusy(
                f"session {name!r} is in use by run {holder[0]}; wait for its result, send to it, or cancel it first"
            )
        messages = self._idle.pop(name, ())
        self._busy[name] = (run_id, messages)
        return messages

    def give_back(self, name: str, messages: Sequence[Message]) -> None:
        """Keep what the run made of the conversation and let the next one have it."""
        if self._busy.pop(name, None) is None:
            return
        self._idle[name] = tuple(messages)
        if len(self._idle) > self._capacity:
            self._forget_oldest()

    def forget(self, name: str) -> None:
        """Delete a conversation; one that is in use is not kept afterwards."""
        self._idle.pop(name, None)
        self._busy.pop(name, None)

    def _forget_oldest(self) -> None:
        name, _ = self._idle.popitem(last=False)
        if not self._forgot:
            self._forgot = True
            _log.warning(
                "more than %d sessions are kept, so %r, which was used longest ago, is forgotten, and others will be; "
                "Runtime(sessions=...) keeps more",
                self._capacity,
                name,
            )
