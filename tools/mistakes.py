"""Words for a model whose arguments do not fit: which field, what was expected, what came, which name was meant."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails, to_json

Place = tuple[int | str, ...]

# Of a typed dict or a model, and of a dataclass.
_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_DICTIONARY = re.compile(r"a (valid )?dictionary( or (an )?instance of \w+)?")
_MOST_LINES = 20
_LONGEST_MESSAGE = 400
_LONGEST_VALUE = 80
_LONGEST_NAME = 60


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that was most likely meant; None where nothing comes near."""
    return next(iter(get_close_matches(name[:_LONGEST_NAME], names, n=1)), None)


def encodable(text: str) -> str:
    """Write out every lone surrogate: a model can send one, and nobody can store it."""
    return text.encode("utf-8", "backslashreplace").decode()


def tell(tool: str, parameters: Mapping[str, JsonValue], error: Exception) -> str:
    """Say what is wrong with a call's arguments, one line for each mistake."""
    if not isinstance(error, ValidationError):
        said = f"{type(error).__name__}: {_cut(str(error), 200)}"
        return encodable(f"The arguments of {tool} could not be checked: {said}")
    lines = corrections(parameters, error, "argument")
    return encodable("\n- ".join([f"The arguments of {tool} are wrong, so it was not called. Correct these:", *lines]))


def corrections(schema: Mapping[str, JsonValue], error: ValidationError, noun: str) -> list[str]:
    """What is to be corrected in a JSON object, a line for each mistake; ``noun`` is what its properties are called."""
    mistakes = error.errors(include_url=False, include_context=False)
    lines = [_line(schema, mistake, mistakes, noun) for mistake in mistakes[:_MOST_LINES]]
    if left := len(mistakes) - len(lines):
        lines.append(f"and {left} more")
    return lines


def _line(
    parameters: Mapping[str, JsonValue], mistake: ErrorDetails, mistakes: Sequence[ErrorDetails], noun: str
) -> str:
    place = mistake["loc"]
    path, nodes = _find(parameters, place[:-1])
    if mistake["type"] == "missing":
        return _missing(_joined(path, place[-1]), _properties(nodes).get(str(place[-1]), {}), place, mistakes)
    if mistake["type"] in _UNKNOWN:
        return _unknown(_joined(path, place[-1]), str(place[-1]), _properties(nodes), noun)
    path, _ = _find(parameters, place)
    return f"{path or f'the {noun}s'}: {_in_json(mistake['msg'])}; got {_shown(mistake['input'])}"


def _in_json(message: str) -> str:
    """Pydantic's words, where they speak of Python, as JSON's."""
    said = _DICTIONARY.sub("an object", message.removeprefix("Input ")).replace("a valid list", "a valid array")
    return _cut(said, _LONGEST_MESSAGE)


def _missing(path: str, expected: Mapping[str, Any], place: Place, mistakes: Sequence[ErrorDetails]) -> str:
    sent = [str(other["loc"][-1]) for other in mistakes if _is_unknown_beside(other, place)]
    meant = nearest(str(place[-1]), sent)
    return f"{path}: missing{_expected(expected)}" + (f"; is it what you called {_shown(meant)}?" if meant else "")


def _is_unknown_beside(mistake: ErrorDetails, place: Place) -> bool:
    return mistake["type"] in _UNKNOWN and mistake["loc"][:-1] == place[:-1]


def _unknown(path: str, name: str, properties: Mapping[str, Any], noun: str) -> str:
    meant = nearest(name, properties)
    if meant is not None:
        return f"{path}: there is no such {noun}; did you mean {_shown(meant)}?"
    known = ", ".join(properties) or "none at all"
    return f"{path}: there is no such {noun}; there are: {_cut(known, 400)}"


def _expected(schema: Mapping[str, Any]) -> str:
    """`` (integer)``, as far as a few words can say it."""
    words = list(_type_words(schema))
    return f" ({_cut(' or '.join(words), _LONGEST_VALUE)})" if words else ""


def _type_words(schema: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in schema or "const" in schema:
        yield from (json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    elif "type" in schema:
        yield str(schema["type"])
    for branch in schema.get("anyOf", ()):
        yield from _type_words(branch)


def _find(root: Mapping[str, Any], place: Place) -> tuple[str, list[Mapping[str, Any]]]:
    """Follow an error's place into the schema: the path as a model would write it, and the schemas that stand there.

    Inside a union pydantic puts the branch's name into the place; the model never wrote it, so it is left out.
    """
    path, nodes = "", [root]
    for step in place:
        branches = [branch for node in nodes for branch in _branches(root, node)]
        inner = [found for branch in branches if (found := _inside(branch, step)) is not None]
        if inner or len(branches) < 2:
            path, nodes = _joined(path, step), inner
    return path, [branch for node in nodes for branch in _branches(root, node)]


def _branches(root: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema without its references and unions."""
    if "$ref" in node:
        yield from _branches(root, root["$defs"][node["$ref"].removeprefix("#/$defs/")])
    elif "anyOf" in node or "oneOf" in node:
        for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            yield from _branches(root, branch)
    else:
        yield node


def _inside(node: Mapping[str, Any], step: int | str) -> Mapping[str, Any] | None:
    """The schema of one element or property; None where the schema knows of none."""
    if isinstance(step, str):
        found = node.get("properties", {}).get(step, node.get("additionalProperties"))
    else:
        fixed = node.get("prefixItems", ())
        found = fixed[step] if step < len(fixed) else node.get("items")
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else None


def _properties(nodes: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {name: schema for node in nodes for name, schema in node.get("properties", {}).items()}


def _joined(path: str, step: int | str) -> str:
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{_cut(step, _LONGEST_NAME)}" if path else _cut(step, _LONGEST_NAME)


def _shown(value: object) -> str:
    """What the model sent, short enough to be sent back."""
    if isinstance(value, Mapping):
        return f"an object with {len(cast(Mapping[str, object], value))} keys"
    if isinstance(value, list | tuple):
        return f"an array of {len(cast(list[object], value))}"
    if isinstance(value, str):
        return json.dumps(_cut(value, _LONGEST_VALUE), ensure_ascii=False)
    return _cut(to_json(value, inf_nan_mode="constants", serialize_unknown=True).decode(), _LONGEST_VALUE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
