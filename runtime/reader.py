"""A reader of one run: the log from any place on, then whatever comes, until the end."""

from collections import deque
from collections.abc import AsyncIterator

from ..bus.event import Event
from ..bus.house import EventsDropped
from .journal import Journal

_PIECES = 1024
"""How many pieces a reader may be behind before neighbours are joined."""


async def read(journal: Journal, after: int, *, ephemeral: bool) -> AsyncIterator[Event]:
    """Yield every durable event behind ``after`` once, in order, and end after the terminal one.

    The log is the queue, so a slow reader loses nothing and holds nobody up. With ``ephemeral`` the pieces of
    messages that are being written come in their places too: pieces wait in a bounded buffer of this reader, where
    neighbours are joined when it is full, and a piece whose message is finished is left out, for the finished
    message is in the log.
    """
    pieces = Pieces(journal) if ephemeral else None
    seen = after
    try:
        while True:
            while pieces is not None and (piece := pieces.take(seen)) is not None:
                yield piece
            if seen < len(journal.events):
                event = journal.events[seen]
                seen += 1
                yield event
            elif journal.over:
                return
            else:
                await journal.wait_more(seen)
    finally:
        if pieces is not None:
            pieces.close()


class Pieces:
    """The buffer of ephemeral events between a run and one of its readers."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: deque[tuple[int, Event]] = deque()
        for piece in journal.listen(self._hear):
            self._waiting.append((len(journal.events), piece))

    def take(self, seen: int) -> Event | None:
        """The next piece that is in its place between durable event ``seen`` and the one after it."""
        waiting = self._waiting
        while waiting and waiting[0][0] < seen:
            waiting.popleft()
        return waiting.popleft()[1] if waiting and waiting[0][0] == seen else None

    def close(self) -> None:
        """Hear no more."""
        self._journal.unlisten(self._hear)
        self._waiting.clear()

    def _hear(self, event: Event) -> None:
        if len(self._waiting) >= _PIECES:
            self._join()
        self._waiting.append((len(self._journal.events), event))
        self._journal.wake()

    def _join(self) -> None:
        joined: deque[tuple[int, Event]] = deque()
        for place, event in self._waiting:
            both = joined[-1][1].merged(event) if joined and joined[-1][0] == place else None
            if both is None:
                joined.append((place, event))
            else:
                joined[-1] = (place, both)
        if len(joined) > _PIECES // 2:
            self._drop(joined)
        self._waiting = joined

    def _drop(self, joined: deque[tuple[int, Event]]) -> None:
        """Forget the older half, and say so in its place."""
        gone = [joined.popleft()[1] for _ in range(len(joined) // 2)]
        said = EventsDropped(
            run_id=self._journal.run_id, subscriber="reader", first_seq=gone[0].seq, last_seq=gone[-1].seq, count=len(gone)
        )
        joined.appendleft((joined[0][0], said))
