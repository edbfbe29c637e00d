"""A policy: a request that was answered before is answered again without the model."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from anyio import Lock

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...bus.interception import Instead
from ...bus.options import positive
from ...events.model import ModelFailed, ModelReplied, ModelRequested
from ...events.money import ReplyRecalled
from ...events.state import RunState
from ..model_names import picks
from ..replies import MemoryReplies, Replies
from ..request_key import key_of

K = TypeVar("K")
V = TypeVar("V")
_WHOLE = frozenset({"end", "tool_calls", "stop_sequence"})
"""How a reply ends that is worth keeping."""
_OPEN = 4096
"""How many requests are remembered whose replies are not in yet, or not kept yet."""


class ResponseCache:
    """Answers a request with the reply that the same one had before; it costs nothing, and tools run as always.

    Hears ModelRequested; answers it, or ``Instead`` a ModelReplied without usage, which ReplyRecalled follows. The same
    request is one with the same model, instructions, tools, settings and conversation, in whichever run. Only whole
    replies are kept, for ``max_age_s`` seconds, by ``store``: in memory, or ``SqliteReplies(path)``::

        runtime.subscribe(ResponseCache(SqliteReplies("replies.db"), "openai:*", max_age_s=86_400))

    ``models`` are patterns of the models that are cached, all if there are none. Two runs that ask the same at the same
    time both ask the model. What a run has brought is forgotten when the run is deleted. ``clock`` gives seconds since
    the epoch.

    :raises BadOption: ``max_age_s`` is no number above 0, or ``store`` keeps no replies.
    """

    def __init__(
        self,
        store: Replies | None = None,
        *models: str,
        max_age_s: float = 86_400.0,
        order: int = 50,
        clock: Callable[[], float] = time.time,
    ) -> None:
        positive("max_age_s", max_age_s)
        if not isinstance(store, Replies | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadOption(f"ResponseCache({store!r:.80}): give MemoryReplies(), or SqliteReplies(path)")
        self._store: Replies = MemoryReplies() if store is None else store
        self._cached = picks(models, "ResponseCache")
        self._max_age_s = max_age_s
        self._order = order
        self._clock = clock
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        """What each run has asked just now, by run."""
        self._to_keep: OrderedDict[tuple[str, int], str] = OrderedDict()
        """The keys of replies that are to be kept, by run and place in its log."""
        self._store_free = Lock()
        """So that what is being put into the store is there when it is to be forgotten."""

    async def __call__(self, event: ModelRequested, state: RunState) -> ModelRequested | Instead:
        if not self._cached(event.model):
            return event
        key = key_of(event, state)
        kept = _read(await self._store.get(key))
        now = self._clock()
        if kept is not None and not 0 <= now - kept.at <= self._max_age_s:
            kept = None
        _remember(self._asked, state.run_id, _Asked(key, kept, now))
        if kept is None:
            return event
        return Instead(
            ModelReplied(
                turn=event.turn, content=kept.content, stop=kept.stop, raw_stop=kept.raw_stop, model=event.model
            )
        )

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus. Should it ever fail, the model is asked."""
        bus.intercept(ModelRequested, self, name="ResponseCache", order=self._order, on_error="allow")
        bus.derive((ModelReplied, ModelFailed), self.note, name="ResponseCache")
        bus.observe(ModelReplied, self.keep, name="ResponseCache", on_error="keep")

    def note(self, event: ModelReplied | ModelFailed) -> ReplyRecalled | None:
        """Say that a reply was the cache's, or that a new one is to be kept."""
        asked = self._asked.pop(event.run_id, None)
        if asked is None or isinstance(event, ModelFailed):
            return None
        if asked.kept is not None:
            return ReplyRecalled(model=event.model, age_s=asked.at - asked.kept.at, saved=asked.kept.usage)
        if event.stop in _WHOLE:
            _remember(self._to_keep, (event.run_id, event.seq), asked.key)
        return None

    async def keep(self, event: ModelReplied) -> None:
        """Keep a reply, beside the run."""
        if (event.run_id, event.seq) not in self._to_keep:
            return
        async with self._store_free:
            key = self._to_keep.pop((event.run_id, event.seq), None)
            if key is not None:
                await self._store.put(key, event.model_dump_json(), event.run_id)

    async def forget(self, run_id: str) -> None:
        """Delete for good what a run has brought; what of it was not kept yet never is."""
        async with self._store_free:
            self._asked.pop(run_id, None)
            for place in [place for place in self._to_keep if place[0] == run_id]:
                del self._to_keep[place]
            await self._store.forget(run_id)


class _Asked(NamedTuple):
    key: str
    kept: ModelReplied | None
    at: float


def _read(text: str | None) -> ModelReplied | None:
    """A reply that was kept; one that cannot be read is as good as none."""
    try:
        return None if text is None else ModelReplied.model_validate_json(text)
    except ValueError:
        return None


def _remember(kept: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep the latest."""
    kept[key] = value
    if len(kept) > _OPEN:
        kept.popitem(last=False)
