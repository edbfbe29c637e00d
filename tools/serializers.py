"""Tells the models that compute what they show from those that only have fields."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast


@lru_cache(maxsize=1024)
def computes_itself(model: type) -> bool:
    """Whether a pydantic model or dataclass has serializers, computed or excluded fields that its author wrote.

    Such a model must be serialized whole: of a part of its fields it would compute something else.
    """
    return _is_computed(cast(Any, model).__pydantic_core_schema__)


def _is_computed(schema: object) -> bool:
    if isinstance(schema, list | tuple):
        return any(map(_is_computed, cast(list[object], schema)))
    if not isinstance(schema, Mapping):
        return False
    parts = cast(Mapping[str, Any], schema)
    if parts.get("computed_fields") or parts.get("serialization_exclude") or parts.get("serialization_exclude_if"):
        return True
    function = parts.get("serialization", {}).get("function")
    # Pydantic's own, such as a path's, look at one value and do not compute.
    if function is not None and not str(getattr(function, "__module__", "")).startswith("pydantic"):
        return True
    return any(_is_computed(part) for key, part in parts.items() if key != "metadata")
