"""The attributes of dataclasses and models: read as they are, and changed in a copy."""

import copy
import dataclasses
from typing import Any

from pydantic import BaseModel


def attributes(value: Any) -> dict[str, Any]:
    """The fields of a dataclass or a model, extra ones included, as they are now."""
    if isinstance(value, BaseModel):
        return {**value.__dict__, **(value.__pydantic_extra__ or {})}
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def altered_copy(value: Any, changes: dict[str, Any]) -> Any:
    """A copy of a dataclass, frozen or not; nothing that it does when it is made is done again."""
    duplicate = copy.copy(value)
    for name, kept in changes.items():
        object.__setattr__(duplicate, name, kept)
    return duplicate


def altered_model(value: BaseModel, changes: dict[str, Any]) -> BaseModel:
    """A copy of a model."""
    return value.model_copy(update=changes)
