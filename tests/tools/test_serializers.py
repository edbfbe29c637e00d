"""Which models compute what they show."""

import dataclasses
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PlainSerializer,
    SecretStr,
    computed_field,
    field_serializer,
    model_serializer,
)
from pydantic.dataclasses import dataclass

from loopbus.tools.serializers import computes_itself


class Plain(BaseModel):
    path: Path
    key: SecretStr
    url: HttpUrl
    below: "list[Plain]" = []


class Deferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
    numbers: list[int]


class ByField(BaseModel):
    x: int

    @field_serializer("x")
    def hide(self, x: int) -> int:
        """Not told."""
        return 0


class ByModel(BaseModel):
    x: int

    @model_serializer
    def all(self) -> dict[str, int]:
        """Something else."""
        return {}


class ByNote(BaseModel):
    x: Annotated[list[int], PlainSerializer(len)]


class Computed(BaseModel):
    @computed_field
    @property
    def x(self) -> int:
        """Made up."""
        return 1


class Excluded(BaseModel):
    x: list[int] = Field(exclude=True)


class Inner(BaseModel):
    parts: list[ByField]


@dataclass
class Dataclass:
    x: Annotated[int, PlainSerializer(str)]


@dataclass
class PlainDataclass:
    x: int
    marks: list[str] = dataclasses.field(default_factory=list[str])


@pytest.mark.parametrize("model", [Plain, Deferred, PlainDataclass])
def test_fields_alone_are_not_computed(model: type) -> None:
    """Nor are paths, secrets and addresses, which pydantic itself has serializers for."""
    assert not computes_itself(model)


@pytest.mark.parametrize("model", [ByField, ByModel, ByNote, Computed, Excluded, Inner, Dataclass])
def test_what_its_author_wrote_is(model: type) -> None:
    """However it was written, and also where a field's type has it."""
    assert computes_itself(model)
