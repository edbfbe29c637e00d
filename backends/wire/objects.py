"""JSON objects as bytes."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import PydanticSerializationError, from_json, to_json

from ..errors import Garbled, Misunderstood

_MAY_OVERFLOW = re.compile(r"[eE]\+?\d{3}|\d{300}")


def read_object(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``. Half a surrogate pair, which no text can hold, becomes U+FFFD.

    :raises Garbled: no JSON.
    :raises Misunderstood: JSON that is no object.
    """
    try:
        value = from_json(data)
    except ValueError:
        value = _read_slowly(data)
    if not isinstance(value, dict):
        raise Misunderstood("expected a JSON object", frame=data)
    return cast("dict[str, Any]", value)


def _read_slowly(data: bytes) -> Any:
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False)
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError) as exc:
        raise Garbled(f"expected a JSON object ({exc})", frame=data) from exc


def write_object(value: Mapping[str, Any]) -> bytes:
    """``value`` as JSON. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    try:
        return to_json(dict(value))
    except PydanticSerializationError:
        return json.dumps(dict(value), ensure_ascii=False, default=str).encode(errors="replace")


def read_arguments(text: str) -> Mapping[str, Any] | None:
    """The arguments of a call out of their JSON text; ``None`` if it is no JSON object.

    No text at all means no arguments. A name that is given twice keeps its last value. NaN, infinities, numbers too
    large for a float, and halves of surrogate pairs are no JSON: they could be neither stored nor sent on.
    """
    if not text:
        return {}
    try:
        value: object = from_json(text, allow_inf_nan=False)
        if _MAY_OVERFLOW.search(text):
            json.loads(text, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a float")
    return number
