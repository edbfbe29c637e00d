"""Makes any value of an event fit to be written down: short, plain, and without secrets."""

import dataclasses
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, cast

from ..bus.redaction import MASK, is_secret_name, redact

ITEMS = 20
"""How many items of a collection are shown."""
DEPTH = 4
"""How deep collections are shown in each other."""
_SLACK = 200
"""Characters behind the cut that are looked at too, so that no secret is cut in two and missed."""


def excerpt(value: object, characters: int = 200, depth: int = DEPTH) -> Any:
    """``value`` as JSON-like data: texts cut at ``characters``, collections at 20 items, anything else as its text.

    What bears a secret's name, or looks like a secret, is replaced by ``***``.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return short(value, characters)
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    fields = _fields(value)
    if fields is None and not isinstance(value, list | tuple | set | frozenset):
        return short(str(value), characters)
    if not depth:
        return "..."
    if fields is not None:
        return _mapping(fields, characters, depth)
    return _sequence(cast("Iterable[object]", value), characters, depth)


def short(text: str, characters: int) -> str:
    """A text without secrets, cut at so many characters; what is left out is said, what UTF-8 cannot say is ``?``."""
    kept = redact(text[: characters + _SLACK]).encode("utf-8", "replace").decode("utf-8")
    return kept if len(text) <= characters else f"{kept[:characters]}... ({len(text)} characters)"


def _fields(value: object) -> Mapping[str, object] | None:
    """What a value holds by name, if it holds anything so."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value)
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(type(value), "model_fields"):
        return vars(value)
    return None


def _mapping(fields: Mapping[str, object], characters: int, depth: int) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, item in islice(fields.items(), ITEMS):
        name = str(key)
        # A count of tokens is no token.
        hidden = is_secret_name(name[:_SLACK]) and not (item is None or isinstance(item, bool | int | float))
        shown[short(name, characters)] = MASK if hidden else excerpt(item, characters, depth - 1)
    if len(fields) > ITEMS:
        shown["..."] = f"{len(fields) - ITEMS} more"
    return shown


def _sequence(items: Iterable[object], characters: int, depth: int) -> list[Any]:
    every = list(items)
    shown = [excerpt(item, characters, depth - 1) for item in every[:ITEMS]]
    return [*shown, f"... {len(every) - ITEMS} more"] if len(every) > ITEMS else shown
