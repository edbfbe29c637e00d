"""A catalogue of models: what is known of each, the user's own word before all."""

import time
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import NamedTuple

from .errors import BadEntry
from .families import abilities
from .genai import GENAI_PRICES
from .info import ModelInfo
from .price import FREE, Price
from .source import Source
from .table import Entry, Table


class Quote(NamedTuple):
    """A price, ``None`` if none is known; and a note that says where it is from, or why there is none."""

    price: Price | None
    note: str


class Catalogue:
    """What is known of models: first by ``entries``, a table of your own, then by ``source``.

    A name in the table is a model's whole name or a pattern; the whole name goes first, then the first pattern that
    fits. An entry is a ``Price``, several with their dates, or a ``ModelInfo``; what it does not say is looked up in
    the source. ``local*`` and ``scripted*`` cost nothing unless the table says otherwise::

        Catalogue({
            "acme:large": [dear, Price(input_usd=1, output_usd=4, valid_from=date(2026, 7, 1))],
            "ollama:*": ModelInfo(context_window=32_768, prices=(Price(input_usd=0, output_usd=0),)),
        })

    The source is the data of ``genai-prices`` (extra ``[prices]``), as installed: nothing is fetched. ``None`` leaves
    the table alone.

    :raises BadEntry: ``entries`` is no table, an entry is none of these, or its dates are not in order.
    """

    def __init__(self, entries: Mapping[str, Entry] | None = None, *, source: Source | None = GENAI_PRICES) -> None:
        own: Mapping[str, Entry] = {} if entries is None else entries
        if not isinstance(own, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadEntry(f"{own!r:.80} is no table: write {{'openai:gpt-5.2': Price(...)}}")
        self._table = Table({**own, **{name: price for name, price in FREE.items() if name not in own}})
        self._source = source

    def load(self) -> None:
        """Read the source now, which takes up to a second, and not at the first question.

        :raises NotConfigured: the source's extra is not installed.
        """
        if self._source is not None:
            self._source.load()

    def quote(self, model: str, at: float | None = None) -> Quote:
        """What a model costs at a moment, in seconds since 1970: now, unless it is given.

        :raises NotConfigured: the table does not know, and the source's extra is not installed.
        """
        if not model:
            return Quote(None, "the reply does not say which model it is from")
        moment = time.time() if at is None else at
        for known in (self._table, self._source):
            info = known.find(model) if known is not None else None
            price = info.price_at(moment) if info is not None else None
            if info is not None and price is not None:
                return Quote(price, f"price of {price.source}{info.remark}")
        return Quote(None, f"no price of {model!r} is known: add it to CostLedger(prices) or Catalogue(prices)")

    def find(self, model: str) -> ModelInfo:
        """All that is known of a model: of one that nobody has heard of, its name.

        :raises NotConfigured: the source's extra is not installed.
        """
        found = self._source.find(model) if self._source is not None else None
        provider, _, name = model.partition(":")
        return replace(_over(found or abilities(provider, name), self._table.find(model)), name=model)

    def models(self, provider: str) -> list[ModelInfo]:
        """All that is known of the models of a provider, by its name in the table of providers.

        :raises NotConfigured: the source's extra is not installed.
        """
        listed = self._source.models(provider) if self._source is not None else ()
        own = {name: abilities(provider, name.partition(":")[2]) for name in self._table.names(f"{provider}:")}
        known = own | {info.name: info for info in listed}
        return [replace(_over(info, self._table.find(name)), name=name) for name, info in sorted(known.items())]


def _over(found: ModelInfo, own: ModelInfo | None) -> ModelInfo:
    """``found`` with what ``own`` says; of prices the last that holds counts, so that earlier ones are kept."""
    if own is None:
        return found
    blank = ModelInfo()
    said = {
        field.name: value for field in fields(own) if (value := getattr(own, field.name)) != getattr(blank, field.name)
    }
    return replace(found, **{**said, "prices": (*found.prices, *own.prices)})
