"""The data of ``genai-prices`` (extra ``[prices]``) as they are installed; nothing is ever fetched."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ..extras import load
from .genai_rows import info_of
from .info import ModelInfo
from .routes import provider_id, routes

MISSING = (
    "what models cost and how much they read is known with genai-prices: pip install 'loopbus[prices]', "
    "or give Catalogue(entries, source=None) a table of your own"
)


class GenaiPrices:
    """A ``Source`` over the prices that are installed, or that the application has updated by their own means."""

    def __init__(self) -> None:
        self._snapshot: Any = None
        self._find = lru_cache(maxsize=1024)(self._look_up)

    def load(self) -> None:
        """Import the data, once a process: half a second, and 85 MB of memory for 2,300 models (measured).

        :raises NotConfigured: ``genai-prices`` is not installed.
        """
        snapshot = self._module().get_snapshot()
        if snapshot is not self._snapshot:
            self._find.cache_clear()
            self._snapshot = snapshot

    def find(self, model: str) -> ModelInfo | None:
        """See ``Source``."""
        self.load()
        return self._find(model)

    def models(self, provider: str) -> Iterable[ModelInfo]:
        """See ``Source``."""
        self.load()
        their_id = provider_id(provider)
        for seller in self._snapshot.providers:
            if seller.id == their_id:
                yield from (info_of(f"{provider}:{model.id}", model) for model in seller.models)

    def _module(self) -> Any:
        return load("genai_prices.data_snapshot", MISSING)

    def _look_up(self, model: str) -> ModelInfo | None:
        for route in routes(model):
            try:
                _, found = self._snapshot.find_provider_model(route.model, None, route.provider_id, route.url)
            except LookupError:
                continue
            return info_of(model, found)
        return None


GENAI_PRICES = GenaiPrices()
"""The one of this process, so that the data are read once."""
