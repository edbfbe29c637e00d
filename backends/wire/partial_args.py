"""The arguments of one tool call out of values that come with the JSON path at which each belongs.

Source of the format: ``PartialArg`` of Vertex AI's generateContent, with ``streamFunctionCallArguments``; the paths are
the normalized ones of RFC 9535, such as ``$.city`` or ``$['stops'][0].name``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

_STEP = re.compile(r"""\.([^.\[\]'"]+)|\[(\d{1,9})\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]""")
_ESCAPE = re.compile(r"\\(.)")
_DEEPEST = 100

Step = str | int


def _number(value: Any) -> int | float:
    # The wire knows doubles only, so 2 comes as 2.0.
    return int(value) if float(value).is_integer() else float(value)


_VALUES: Mapping[str, Callable[[Any], object]] = {
    "stringValue": lambda value: [str(value)],
    "numberValue": _number,
    "boolValue": bool,
    "nullValue": lambda _: None,
}
"""How a value is kept; a text as its pieces, for it may come in several."""


class PartialArgs:
    """Puts the values of one call in their places. A text may come in pieces, each with the same path."""

    def __init__(self) -> None:
        self._root: dict[Step, Any] = {}

    def add(self, partial: Mapping[str, Any]) -> None:
        """Take in one ``PartialArg``.

        :raises ValueError: the path is none, or leads where something else is.
        """
        kind = next((kind for kind in _VALUES if kind in partial), None)
        if kind is None:
            # An empty text, for a field at its default is not sent.
            kind, partial = "stringValue", {**partial, "stringValue": ""}
        *above, last = _steps(partial["jsonPath"])
        place = self._root
        for step in above:
            place = _child(place, step)
        value = _VALUES[kind](partial[kind])
        before = place.setdefault(last, value)
        if before is not value:
            if type(before) is not list or type(value) is not list:
                raise ValueError(f"{partial['jsonPath']!r:.50} has a value already")
            cast("list[str]", before).extend(cast("list[str]", value))

    def value(self) -> dict[str, Any]:
        """The arguments so far.

        :raises ValueError: an array has a gap, or is an object too.
        """
        value = _plain(self._root)
        if not isinstance(value, dict):
            raise ValueError("the arguments of a call are an array")
        return cast("dict[str, Any]", value)


def _steps(path: str) -> list[Step]:
    steps: list[Step] = []
    place = 1
    while found := _STEP.match(path, place):
        name, index, single, double = found.groups()
        quoted = single if single is not None else double
        steps.append(int(index) if index else name or _ESCAPE.sub(r"\1", quoted or ""))
        place = found.end()
    if not path.startswith("$") or place != len(path) or not 0 < len(steps) <= _DEEPEST:
        raise ValueError(f"{path!r:.50} is no path to an argument")
    return steps


def _child(place: dict[Step, Any], step: Step) -> dict[Step, Any]:
    child = place.setdefault(step, {})
    if type(child) is not dict:
        raise ValueError(f"{step!r:.50} holds a value already")
    return cast("dict[Step, Any]", child)


def _plain(value: Any) -> object:
    """Pieces joined, and what has numbers for its names as an array."""
    if type(value) is list:
        return "".join(cast("list[str]", value))
    if type(value) is not dict:
        return value
    fields = cast("dict[Step, Any]", value)
    if not any(isinstance(step, int) for step in fields):
        return {name: _plain(field) for name, field in fields.items()}
    if fields.keys() != set(range(len(fields))):
        raise ValueError("an array has a gap")
    return [_plain(fields[place]) for place in range(len(fields))]
