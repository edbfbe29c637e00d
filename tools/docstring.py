"""Reads what a docstring says about a function and its parameters: Google, NumPy and Sphinx styles."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_GOOGLE_PARAMETERS = frozenset(
    {"args", "arguments", "parameters", "params", "keyword args", "keyword arguments", "other parameters"}
)
_GOOGLE_OTHERS = frozenset(
    {"attributes", "example", "examples", "note", "notes", "raises", "references", "return", "returns", "see also"}
    | {"todo", "warning", "warnings", "warns", "yield", "yields"}
)
_NUMPY_PARAMETERS = frozenset({"parameters", "other parameters", "keyword arguments"})

_GOOGLE_HEADER = re.compile(r"([A-Za-z][A-Za-z ]*):\s*$")
_GOOGLE_ENTRY = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\(.*?\))?\s*:(?:\s+(?P<text>.*)|\s*$)")
_NUMPY_ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_NUMPY_RULE = re.compile(r"-{3,}\s*$")
_SPHINX_FIELD = re.compile(r":(?P<kind>\w+)(?:\s+(?P<argument>[^:]*))?:(?:\s+(?P<text>.*)|\s*$)")
_SPHINX_PARAMETERS = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring's prose, and what it says of each parameter."""

    prose: str = ""
    """Everything before the first section, as written; one summary line or several paragraphs."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])


def parse(text: str | None) -> Docstring:
    """Read a docstring in any of the three styles, or a mixture. Never fails: what has no known shape is prose."""
    lines = inspect.cleandoc(text or "").splitlines()
    first = next((number for number in range(len(lines)) if _opens(lines, number)), len(lines))
    prose = "\n".join(lines[:first]).strip()
    return Docstring(prose, {name: said for name, said in _parameters(lines[first:]) if said})


def _opens(lines: list[str], number: int) -> bool:
    """Whether this line opens a section, or is a Sphinx field."""
    line = lines[number]
    return bool(_google_section(line) or _numpy_section(lines, number) or _sphinx_field(line))


def _google_section(line: str) -> str:
    header = _GOOGLE_HEADER.match(line)
    title = header[1].lower() if header else ""
    return title if title in _GOOGLE_PARAMETERS or title in _GOOGLE_OTHERS else ""


def _numpy_section(lines: list[str], number: int) -> str:
    ruled = number + 1 < len(lines) and _NUMPY_RULE.match(lines[number + 1])
    return lines[number].strip().lower() if ruled else ""


def _sphinx_field(line: str) -> re.Match[str] | None:
    return _SPHINX_FIELD.match(line)


def _parameters(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Go from section to section, and read those that are about parameters."""
    number = 0
    while number < len(lines):
        end = next((later for later in range(number + 1, len(lines)) if _opens(lines, later)), len(lines))
        if found := _sphinx_field(lines[number]):
            yield from _sphinx(found, lines[number + 1 : end])
        elif _numpy_section(lines, number) in _NUMPY_PARAMETERS:
            yield from _numpy(lines[number + 2 : end])
        elif _google_section(lines[number]) in _GOOGLE_PARAMETERS:
            yield from _google(lines[number + 1 : end])
        number = end


def _sphinx(found: re.Match[str], rest: Iterable[str]) -> Iterator[tuple[str, str]]:
    # ``:param int count: how many``: the name is the last word, a type may stand before it.
    words = (found["argument"] or "").split()
    if found["kind"] in _SPHINX_PARAMETERS and words:
        yield words[-1].lstrip("*"), _joined([found["text"] or "", *_paragraph(rest)])


def _google(lines: list[str]) -> Iterator[tuple[str, str]]:
    for head, body in _entries(_indented(lines)):
        if entry := _GOOGLE_ENTRY.match(head):
            yield entry["name"], _joined([entry["text"] or "", *body])


def _numpy(lines: list[str]) -> Iterator[tuple[str, str]]:
    for head, body in _entries(lines):
        if entry := _NUMPY_ENTRY.match(head):
            for name in entry["names"].split(","):
                yield name.strip().lstrip("*"), _joined(body)


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Split into a line at the margin and the deeper lines below it."""
    head, body = "", list[str]()
    for line in lines:
        if line and not line[0].isspace():
            if head:
                yield head, body
            head, body = line, []
        else:
            body.append(line)
    if head:
        yield head, body


def _indented(lines: list[str]) -> list[str]:
    """The indented block that follows a header, moved to the margin."""
    block = list[str]()
    for line in lines:
        if line and not line[0].isspace():
            break
        block.append(line)
    margin = min((len(line) - len(line.lstrip()) for line in block if line.strip()), default=0)
    return [line[margin:] for line in block]


def _paragraph(lines: Iterable[str]) -> Iterator[str]:
    """The lines up to the first one that is empty or stands at the margin."""
    for line in lines:
        if not line.strip() or not line[0].isspace():
            return
        yield line


def _joined(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())
