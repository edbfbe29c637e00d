"""Turns a model of ``genai-prices`` into what we say of one.

Their prices are of units, ours of kinds of tokens, both by the million; requests they price by the thousand. What a
provider charges beside tokens (searches, pages, hours of sound), and its prices by service tier or for batches, are
left out. A unit of tokens that we cannot tell apart, as of sound, is counted at the price of text and said so.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from typing import Any, cast

from .families import abilities
from .info import Modality, ModelInfo
from .price import Price

AMOUNTS: Mapping[str, str] = {
    "input_mtok": "input_usd",
    "output_mtok": "output_usd",
    "cache_read_mtok": "cached_usd",
    "cache_write_mtok": "cache_write_usd",
    "output_reasoning_mtok": "reasoning_usd",
    "requests_kcount": "request_usd",
}
"""Their unit, our kind."""
READS: Mapping[str, Modality] = {"input_audio_mtok": "audio", "input_image_mtok": "image", "input_video_mtok": "video"}
WRITES: Mapping[str, Modality] = {
    "output_audio_mtok": "audio",
    "output_image_mtok": "image",
    "output_video_mtok": "video",
}
"""Units that tell what a model reads or writes: there would be no price of it otherwise."""


def info_of(name: str, model: Any) -> ModelInfo:
    """A ``genai_prices.types.ModelInfo``, as the model that an agent calls ``name``."""
    rows = _rows(model)
    info = abilities(name.partition(":")[0], model.id)
    reads = frozenset(modality for unit, modality in READS.items() if any(_has(prices, unit) for prices, _ in rows))
    writes = frozenset(modality for unit, modality in WRITES.items() if any(_has(prices, unit) for prices, _ in rows))
    apart = ", ".join(sorted(reads | writes))
    return replace(
        info,
        name=name,
        title=model.name or model.id,
        context_window=model.context_window,
        prices=tuple(price for prices, when in rows if (price := _price(model.id, prices, when)) is not None),
        inputs=info.inputs | reads if info.inputs is not None else (reads | {"text"} if reads else None),
        outputs=info.outputs | writes if info.outputs is not None else (writes | {"text"} if writes else None),
        deprecated=bool(model.deprecated),
        remark=f"; {apart} counted as text" if apart else "",
    )


@cache
def release() -> str:
    """What is installed, with its version."""
    return f"genai-prices {version('genai-prices')}"


def _rows(model: Any) -> list[tuple[Any, Any]]:
    """Prices and when they hold, or ``None``. What stands first holds whenever nothing else does."""
    prices: Any = model.prices
    if isinstance(prices, list):
        rows = cast("list[Any]", prices)
        return [(row.prices, row.constraint if place else None) for place, row in enumerate(rows)]
    return [(prices, None)]


def _has(prices: Any, unit: str) -> bool:
    return getattr(prices, unit, None) is not None


def _price(model_id: str, prices: Any, when: Any) -> Price | None:
    amounts = {kind: amount for unit, kind in AMOUNTS.items() if (amount := getattr(prices, unit, None)) is not None}
    if not amounts and not model_id.endswith(":free"):
        # Nothing is said: that is no price of nothing.
        return None
    starts = sorted({tier.start for amount in amounts.values() for tier in getattr(amount, "tiers", ())})
    return Price(
        **_amounts(amounts),
        above={start: Price(**_amounts(amounts, start)) for start in starts},
        valid_from=getattr(when, "start_date", None),
        hours=(_in_utc(when.start_time), _in_utc(when.end_time)) if hasattr(when, "start_time") else None,
        source=f"{model_id!r} in {release()}",
    )


def _amounts(amounts: Mapping[str, Any], start: int = -1) -> dict[str, Any]:
    """Our amounts for prompts of more than ``start`` tokens; what is not priced costs nothing."""
    dollars: dict[str, Any] = {"input_usd": 0.0, "output_usd": 0.0} | {
        kind: _at(amount, start) for kind, amount in amounts.items()
    }
    return dollars | {"request_usd": dollars.get("request_usd", 0.0) / 1000}


def _at(amount: Any, start: int) -> float:
    reached = [tier.price for tier in getattr(amount, "tiers", ()) if tier.start <= start]
    return float(reached[-1] if reached else getattr(amount, "base", amount))


def _in_utc(clock: time) -> time:
    return datetime.combine(date(2000, 1, 1), clock).astimezone(UTC).time() if clock.tzinfo else clock
