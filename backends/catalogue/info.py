"""What a catalogue says of one model."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from .price import Price

Modality = Literal["text", "image", "audio", "video", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What is known of a model. ``None``, and no prices, mean that it is not known.

    ``inputs`` and ``outputs`` are what it reads and writes, ``tools`` whether it calls any, ``structured_output``
    whether its provider holds it to a schema. ``context_window`` counts tokens.
    """

    name: str = ""
    title: str = ""
    context_window: int | None = None
    prices: tuple[Price, ...] = ()
    """Of those that hold at a moment the last counts."""
    inputs: Set[Modality] | None = None
    outputs: Set[Modality] | None = None
    tools: bool | None = None
    structured_output: bool | None = None
    deprecated: bool = False
    remark: str = ""
    """What the price leaves out."""

    def price_at(self, at: float) -> Price | None:
        """The price at a moment, in seconds since 1970; ``None`` if it is not known."""
        return next((price for price in reversed(self.prices) if price.holds(at)), None)
