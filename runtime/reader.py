"""A reader of one run: the log from any place on, then whatever comes, until the end."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable
from types import AsyncGeneratorType
from typing import Self, cast

from ..bus.event import Event
from ..bus.house import EventsDropped
from .errors import ReaderTaken
from .journal import Journal

_PIECES = 1024
"""How many pieces a reader may be behind before neighbours are joined."""


class Reader:
    """Every durable event behind ``after`` once, in order, ending after the terminal one; for one task to iterate.

    The log is the queue, so a slow reader loses nothing and holds nobody up. With ``ephemeral`` the pieces of
    messages that are being written come in their places too: pieces wait in a bounded buffer of this reader, where
    neighbours are joined when it is full, and a piece whose message is finished is left out, for the finished
    message is in the log. ``held`` lives for as long as this does: the run, that somebody may take up meanwhile.

    :raises ReaderTaken: a second task takes from it while the first waits.
    """

    __slots__ = ("_events", "_held")

    def __init__(self, journal: Journal, after: int, *, ephemeral: bool, held: object = None) -> None:
        self._held = held
        self._events = cast("AsyncGeneratorType[Event, None]", _read(journal, after, ephemeral=ephemeral))

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[Event]:
        self._check_free()
        return self._events.__anext__()

    async def aclose(self) -> None:
        """Leave the run; the iteration is over. Dropping the reader does the same, a little later."""
        self._check_free()
        await self._events.aclose()

    def _check_free(self) -> None:
        if self._events.ag_running:
            raise ReaderTaken("another task waits for this reader's next event; give each its own: run.events(...)")


async def _read(journal: Journal, after: int, *, ephemeral: bool) -> AsyncGenerator[Event, None]:
    pieces = Pieces(journal) if ephemeral else None
    seen = after
    try:
        while True:
            while pieces is not None and (piece := pieces.take(seen)) is not None:
                yield piece
            if seen < journal.shown:
                event = journal.events[seen]
                seen += 1
                yield event
            elif journal.ended:
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
        # What was dropped before is said by the first of them, and must not be forgotten with it.
        first = gone[0]
        before = first.count - 1 if isinstance(first, EventsDropped) else 0
        said = EventsDropped(
            run_id=self._journal.run_id,
            at=gone[-1].at,
            subscriber="reader",
            first_seq=first.first_seq if isinstance(first, EventsDropped) else first.seq,
            last_seq=gone[-1].seq,
            count=len(gone) + before,
        )
        joined.appendleft((joined[0][0], said))
