"""Named conversations, kept in memory while their runtime lives, and not too many of them."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from ..events.content import Message
from .errors import SessionBusy

_log = logging.getLogger("loopbus.runtime")


class _Said(NamedTuple):
    """A conversation, and the run that it ends with."""

    run_id: str = ""
    messages: tuple[Message, ...] = ()


class Sessions:
    """Conversations by name. A run takes its session, and gives it back with what was said.

    Of those that no run has just now, ``capacity`` are kept. The one that was used longest ago is forgotten first;
    the log says so the first time.
    """

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._idle: OrderedDict[str, _Said] = OrderedDict()
        self._busy: dict[str, tuple[str, _Said]] = {}
        """The run that has a session, and how the conversation stood when it came."""
        self._forgot = False

    def __len__(self) -> int:
        return len(self._idle) + len(self._busy)

    def messages(self, name: str) -> tuple[Message, ...]:
        """The conversation so far; empty for a name that was never used."""
        return (self._busy[name][1] if name in self._busy else self._idle.get(name, _Said())).messages

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
        said = self._idle.pop(name, _Said())
        self._busy[name] = (run_id, said)
        return said.messages

    def give_back(self, name: str, run_id: str, messages: Sequence[Message]) -> None:
        """Keep what the run made of the conversation and let the next one have it, unless that was taken back."""
        if self.holder(name) == run_id:
            del self._busy[name]
            self._keep(name, _Said(run_id, tuple(messages)))

    def take_back(self, name: str, run_id: str, earlier: tuple[str, Sequence[Message]] | None) -> None:
        """Let a conversation be what it was without a run, if that has it or was the last; the next run may have it.

        ``earlier`` is the run before that, and what it made of the conversation; None where nobody knows any more.
        """
        if self.holder(name) == run_id:
            _, said = self._busy.pop(name)
        elif name in self._idle and self._idle[name].run_id == run_id:
            del self._idle[name]
            said = _Said() if earlier is None else _Said(earlier[0], tuple(earlier[1]))
        else:
            return
        if said.messages:
            self._keep(name, said)

    def forget(self, name: str) -> None:
        """Delete a conversation; one that is in use is not kept afterwards."""
        self._idle.pop(name, None)
        self._busy.pop(name, None)

    def _keep(self, name: str, said: _Said) -> None:
        self._idle[name] = said
        if len(self._idle) > self._capacity:
            self._forget_oldest()

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
