"""A user's own table: what he knows of models, by their names or patterns of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import cast

from .errors import BadEntry
from .info import ModelInfo
from .price import Price

Entry = Price | Sequence[Price] | ModelInfo


class Table:
    """Finds a model's entry: by the whole name first, then by the first pattern that fits.

    :raises BadEntry: an entry is no price, no list of prices and no ``ModelInfo``, or its dates are not in order.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = {name: _info(name, entry) for name, entry in entries.items()}
        self.find = lru_cache(maxsize=256)(self._find)
        """What the table says of a model; ``None`` if nothing."""

    def names(self, prefix: str) -> list[str]:
        """The models that are named in full, by names that begin so."""
        return [name for name in self._entries if name.startswith(prefix) and not set("*?[") & set(name)]

    def _find(self, model: str) -> ModelInfo | None:
        if (info := self._entries.get(model)) is not None:
            return info
        return next((info for name, info in self._entries.items() if fnmatchcase(model, name)), None)


def _info(name: str, entry: Entry) -> ModelInfo:
    info = entry if isinstance(entry, ModelInfo) else ModelInfo(prices=_prices(name, entry))
    last = date.min
    for price in info.prices:
        since = price.valid_from or date.min
        if since < last and price.hours is None:
            raise BadEntry(f"the prices of {name!r} are not in the order of their dates: {since} stands behind {last}")
        last = max(last, since)
    named = tuple(replace(price, source=price.source or repr(name)) for price in info.prices)
    return replace(info, name=name, prices=named)


def _prices(name: str, entry: object) -> tuple[Price, ...]:
    kind = type(entry).__name__
    prices: Sequence[object] = cast("Sequence[object]", entry) if isinstance(entry, list | tuple) else (entry,)
    kept = tuple(price for price in prices if isinstance(price, Price))
    if len(kept) < len(prices):
        raise BadEntry(f"the entry of {name!r} is {kind}: write a Price, a list of them, or a ModelInfo")
    return kept
