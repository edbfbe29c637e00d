"""The type of an agent's output: the JSON schema that a model is asked for, and the way back from its words."""

import re
import types
from collections.abc import Iterator
from contextlib import suppress
from inspect import isroutine
from typing import Any, Generic, NamedTuple, cast

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict, TypeVar

from ..events.errors import BadContent
from ..events.frozen import freeze
from .errors import BadOutputType, InvalidOutput
from .json_words import find_json
from .mistakes import corrections, encodable
from .schema import Schema, schema_of

T = TypeVar("T", default=Any)

WRAPPER = "value"
"""The one property of the object that stands around what is no object itself: providers enforce only objects."""
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH = 64
_LONGEST_REASON = 200


class Partial(NamedTuple, Generic[T]):
    """What an answer has come to while it is still being written.

    ``data`` is its JSON so far, where a text or a list may be cut and a number may still grow. ``value`` is the same
    as the output's own type as soon as it validates, which for a model needs every required field; until then None.
    """

    data: JsonValue
    value: T | None = None


class OutputType(Generic[T]):
    """Anything that pydantic knows, as what a model is to answer.

    ``schema`` is always that of an object: a union, a list or a plain type is asked for as the property ``value`` of
    one. ``description`` is the type's docstring.

    :raises BadOutputType: the type has no JSON schema; says why.
    """

    __slots__ = ("_adapter", "_is_wrapped", "description", "name", "schema")

    def __init__(self, kind: Any) -> None:
        self.name = _NO_NAME.sub("_", getattr(kind, "__name__", "")).strip("_")[:_NAME_LENGTH] or "answer"
        self._adapter, schema = _described(kind)
        self._is_wrapped = schema.get("type") != "object"
        if self._is_wrapped:
            self._adapter, schema = _described(_wrapper(kind))
        self.schema: dict[str, JsonValue] = schema
        self.description = str(schema.get("description", ""))

    def __repr__(self) -> str:
        return f"OutputType({self.name!r})"

    def read(self, text: str) -> JsonValue:
        """The answer in a model's words, as frozen JSON that ``value`` turns into the output.

        JSON may stand in a fence or among other words, and what is no object may stand there without its wrapper.

        :raises InvalidOutput: there is none, or it is not of this type; its text tells the model what to correct.
        """
        reason = InvalidOutput(f"The answer is no JSON. It must be JSON that this schema allows: {self.schema_text}")
        for place, found in enumerate(self._candidates(text)):
            try:
                return self.check(found)
            except InvalidOutput as error:
                reason = error if place == 0 else reason
        if self._is_wrapped:
            # A word without quotes, such as one of a few to choose from; strictly, or "NaN" would be a number.
            with suppress(InvalidOutput):
                return self.check({WRAPPER: text.strip()}, strict=True)
        raise reason

    def check(self, answer: object, *, strict: bool = False) -> JsonValue:
        """The same for an answer that is JSON already, such as the arguments of a call; ``strict`` as pydantic's.

        :raises InvalidOutput: it is not of this type.
        """
        try:
            frozen = freeze(answer)
            self.validate(frozen, strict=strict or None)
        except ValidationError as error:
            lines = corrections(self.schema, error, "field")
            raise InvalidOutput(encodable("\n- ".join(["The answer is wrong. Correct these:", *lines]))) from error
        except BadContent as error:
            raise InvalidOutput(f"The answer cannot be stored: {error}") from error
        except Exception as error:
            # A validator in the user's types may raise anything.
            said = f"{type(error).__name__}: {str(error)[:_LONGEST_REASON]}"
            raise InvalidOutput(encodable(f"The answer could not be checked: {said}")) from error
        return cast("dict[str, JsonValue]", frozen)[WRAPPER] if self._is_wrapped else frozen

    def validate(self, answer: object, *, strict: bool | None = None) -> Any:
        """Pydantic's own check of an answer, with its own errors: for what speaks to the model in its own words."""
        # From JSON text, where a strict date or enum takes the text that stands for it.
        return self._adapter.validate_json(to_json(answer), strict=strict)

    def value(self, answer: JsonValue) -> T:
        """The output that an answer stands for; what ``read`` and ``check`` return can be stored and comes back here.

        :raises InvalidOutput: it is not of this type.
        """
        wrapped = {WRAPPER: answer} if self._is_wrapped else answer
        try:
            return self._unwrapped(self.validate(wrapped))
        except Exception as error:
            raise InvalidOutput(encodable(str(error)[:_LONGEST_REASON])) from error

    def partial(self, text: str) -> Partial[T] | None:
        """What the JSON that begins at the first brace of ``text`` has come to; None where there is nothing yet."""
        begun = text[text.find("{") :] if "{" in text else ""
        try:
            data = cast(JsonValue, from_json(begun, allow_partial="trailing-strings", allow_inf_nan=False))
        except ValueError:
            return None
        if not isinstance(data, dict) or not data or (self._is_wrapped and WRAPPER not in data):
            return None
        try:
            value = self._unwrapped(self._adapter.validate_json(begun, experimental_allow_partial="trailing-strings"))
        except Exception:
            # Too little of it is there yet; or it is wrong, which the whole answer will say.
            value = None
        return Partial(self._unwrapped(data), value)

    @property
    def schema_text(self) -> str:
        """The schema as JSON text."""
        return to_json(self.schema).decode()

    def _candidates(self, text: str) -> Iterator[JsonValue]:
        for found in find_json(text):
            if not self._is_wrapped or (isinstance(found, dict) and WRAPPER in found):
                yield found
            if self._is_wrapped:
                yield {WRAPPER: found}

    def _unwrapped(self, value: Any) -> Any:
        return value[WRAPPER] if self._is_wrapped else value


def _described(kind: Any) -> tuple[TypeAdapter[Any], dict[str, JsonValue]]:
    """The validator of a type and its schema, whose root is no reference."""
    try:
        if isinstance(kind, str) or isroutine(kind):
            raise TypeError(f"it is a {type(kind).__name__}")
        adapter = TypeAdapter[Any](kind)
        schema = schema_of(adapter)
    except Exception as error:
        words = str(error).partition("\n")[0].partition(". ")[0]
        raise BadOutputType(
            f"output={kind!r:.80} is no type that a model can be asked for: {words}; give what JSON has, such as a "
            "pydantic model, a dataclass, or list[str]"
        ) from error
    if "$ref" in schema:
        definitions = cast("dict[str, Schema]", schema["$defs"])
        schema = {**definitions[str(schema.pop("$ref")).removeprefix("#/$defs/")], **schema}
    return adapter, schema


def _wrapper(kind: Any) -> Any:
    def fill(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = {WRAPPER: kind}

    return types.new_class("Answer", (TypedDict,), {}, fill)
