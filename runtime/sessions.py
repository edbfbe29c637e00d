"""Named conversations, kept in memory for as long as their runtime lives."""

from collections.abc import Sequence

from ..events.content import Message
from .errors import SessionBusy


class Sessions:
    """Conversations by name. A run takes its session, and gives it back with what was said."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Message, ...]] = {}
        self._busy: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def messages(self, name: str) -> tuple[Message, ...]:
        """The conversation so far; empty for a name that was never used."""
        return self._kept.get(name, ())

    def take(self, name: str, run_id: str) -> tuple[Message, ...]:
        """The conversation, for one run alone.

        :raises SessionBusy: another run has it; wait for that one, send to it, or cancel it.
        """
        holder = self._busy.get(name)
        if holder is not None:
            raise SessionBusy(
                f"session {name!r} is in use by run {holder}; wait for its result, send to it, or cancel it first"
            )
        self._busy[name] = run_id
        return self.messages(name)

    def give_back(self, name: str, messages: Sequence[Message]) -> None:
        """Keep what the run made of the conversation and let the next one have it."""
        if self._busy.pop(name, None) is not None:
            self._kept[name] = tuple(messages)

    def forget(self, name: str) -> None:
        """Delete a conversation; one that is in use is not kept afterwards."""
        self._kept.pop(name, None)
        self._busy.pop(name, None)
