"""Turns a signature into one validator, from what a model sent to keyword arguments, and its JSON schema."""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, cast, get_args, get_origin

from pydantic import ConfigDict, Field, JsonValue, PydanticUserError, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, to_json
from typing_extensions import TypedDict

from .errors import BadTool
from .schema import schema_of
from .signature import EMPTY, Parameter, Signature

Extra = Literal["forbid", "ignore"]
Check = Callable[[Mapping[str, JsonValue]], dict[str, Any]]

_MEMBERS = {"list": "items_schema", "dict": "values_schema", "tuple": "items_schema"}
_NO_SCHEMAS = frozenset({"default", "metadata", "serialization"})


class Arguments(NamedTuple):
    """How a tool's arguments are checked and described."""

    check: Check
    parameters: dict[str, JsonValue]


def arguments_of(signature: Signature, tool: str, said: Mapping[str, str], extra: Extra) -> Arguments:
    """Build both from one typed dict; ``said`` is what the docstring says of each parameter.

    :raises BadTool: a parameter's type has no JSON schema.
    """
    fields = {parameter.name: _field(parameter, said.get(parameter.name)) for parameter in signature.parameters}
    try:
        adapter = TypeAdapter[dict[str, Any]](_record(tool, fields, signature.others, extra))
        parameters = schema_of(adapter)
        if len(cast(dict[str, JsonValue], parameters["properties"])) < len(fields):
            raise ValueError("two of them have one alias")
    except Exception as error:
        raise _culprit(tool, fields, signature.others, extra, error) from error
    check = _check_of(adapter)
    return Arguments(check if signature.others is EMPTY else _guarded(check, tool, signature.hidden), parameters)


def _record(name: str, fields: Mapping[str, Any], others: Any, extra: Extra) -> Any:
    """A typed dict: unlike a model it validates to plain keyword arguments, and no parameter name is taken."""

    def fill(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = dict(fields)
        namespace["__pydantic_config__"] = ConfigDict() if open_to else ConfigDict(extra=extra)

    open_to = {} if others is EMPTY else {"extra_items": others}
    return types.new_class(name, (TypedDict,), open_to, fill)


def _field(parameter: Parameter, said: str | None) -> Any:
    """The annotation with its description in front, where the user's own overrides it, and its default behind."""
    annotation = parameter.annotation
    if get_origin(annotation) is NotRequired:
        return NotRequired[_field(Parameter(parameter.name, get_args(annotation)[0]), said)]
    kind, *notes = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if parameter.default is None and kind not in (Any, object):
        kind = kind | None
    said = next(_descriptions(notes), said)
    front = [Field(description=said)] if said else []
    back = [_default(parameter.default)] if parameter.default is not EMPTY else []
    extras = [*front, *notes, *back]
    return Annotated[(kind, *extras)] if extras else kind


def _default(default: Any) -> FieldInfo:
    return default if isinstance(default, FieldInfo) else Field(default=default)


def _descriptions(notes: list[Any]) -> Iterator[str]:
    """``Annotated[int, "how many"]`` and ``Annotated[int, Doc("how many")]``."""
    for note in notes:
        text = getattr(note, "documentation", note)
        if isinstance(text, str):
            yield text


def _check_of(adapter: TypeAdapter[dict[str, Any]]) -> Check:
    validator: Any = adapter.validator
    if _is_lenient(adapter.core_schema):
        return validator.validate_python
    return lambda arguments: validator.validate_json(to_json(arguments))


def _guarded(check: Check, tool: str, hidden: frozenset[str]) -> Check:
    """``check`` for a function that takes arguments of any name: those that are filled in already stay as they are."""

    def guarded(arguments: Mapping[str, JsonValue]) -> dict[str, Any]:
        if taken := sorted(hidden.intersection(arguments)):
            mistakes = [InitErrorDetails(type="extra_forbidden", loc=(name,), input=arguments[name]) for name in taken]
            raise ValidationError.from_exception_data(tool, mistakes)
        return check(arguments)

    return guarded


def _is_lenient(schema: object) -> bool:
    """Whether values can be checked as they are, and need not go through JSON text.

    They must where a part is strict, for strictness takes a date from JSON text and refuses it from a string; and
    where a part goes through unchecked, for then the tool would hold, and might change, the logged event's own lists.
    """
    if isinstance(schema, list | tuple):
        return all(map(_is_lenient, cast(Iterable[object], schema)))
    if not isinstance(schema, dict):
        return True
    parts = cast(dict[str, object], schema)
    kind = str(parts.get("type"))
    if kind == "any" or parts.get("strict") is True or (kind in _MEMBERS and _MEMBERS[kind] not in parts):
        return False
    return all(_is_lenient(part) for key, part in parts.items() if key not in _NO_SCHEMAS)


def _culprit(tool: str, fields: Mapping[str, Any], others: Any, extra: Extra, error: Exception) -> BadTool:
    """Try the parameters one by one, to name the one that failed."""
    tries: dict[str, tuple[dict[str, Any], Any]] = {name: ({name: kind}, EMPTY) for name, kind in fields.items()}
    for name, (alone, rest) in {**tries, "**": ({}, others)}.items():
        try:
            schema_of(TypeAdapter[dict[str, Any]](_record(tool, alone, rest, extra)))
        except Exception as reason:
            return BadTool(f"tool {tool!r}, parameter {name!r} cannot be described to a model: {_reason(reason)}")
    return BadTool(f"tool {tool!r}: its parameters cannot be described to a model: {_reason(error)}")


def _reason(error: Exception) -> str:
    """What stood in the way; where that is a type, what to take instead of pydantic's advice to its own users."""
    words = str(error).partition("\n")[0]
    if not isinstance(error, PydanticUserError):
        return words
    fault = words.partition(". ")[0]
    return f"{fault}; take what JSON has, such as str, or a pydantic model"
