"""Tables by the beginning of a model's name."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def of_model(model: str, table: Mapping[str, T], default: T) -> T:
    """The row of ``table`` for a model, found by the beginning of its name.

    A region may stand before the name, and an ARN before that: ``us.amazon.nova-lite`` has the row ``amazon.nova``.
    """
    name = f".{model.rpartition('/')[2]}"
    return next((row for beginning, row in table.items() if f".{beginning}" in name), default)
