"""JSON objects out of a provider's bytes."""

import json
from typing import Any, cast

from pydantic_core import from_json

from ..errors import Misunderstood


def read_object(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``. Half a surrogate pair, which no text can hold, becomes U+FFFD.

    :raises Misunderstood: no JSON, or JSON that is no object.
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
        raise Misunderstood(f"expected a JSON object ({exc})", frame=data) from exc
