"""Write docs/reference/events.md anew from the event classes; with ``--check`` only say whether it is up to date.

What the page says stands in the classes: their docstrings, their fields and the words under those.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple, get_args, get_origin

from loopbus.bus import known_events
from loopbus.events import Event

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "events.md"
ORDER = [f"loopbus.{name}" for name in (
    "events.run", "events.turn", "events.model", "events.recovery", "events.tool", "events.output", "events.human",
    "events.control", "events.money", "bus.house",
)]  # fmt: skip
"""The modules that define events, as a run comes by them."""

HEAD = """\
# Every event

<!-- Written by scripts/reference.py from the event classes; edit those. -->

What the fields that every event has mean, and how to make events of your own, is said [one page up](../events.md).
*In the log* are durable events; the others are told to whoever listens, and never stored.
"""


class Field(NamedTuple):
    """One field of an event, as its class writes it."""

    name: str
    type: str
    default: str
    meaning: str


def render() -> str:
    """The whole page: a table of contents, then the events as they stand in their modules."""
    classes = [each for each in known_events() if each.__module__.startswith("loopbus.")]
    classes.sort(key=lambda each: ORDER.index(each.__module__) if each.__module__ in ORDER else len(ORDER))
    parts = [HEAD, "".join(contents(classes))]
    for name, group in groupby(classes, lambda each: each.__module__):
        parts.append(f"## {heading(sys.modules[name])}\n")
        parts.extend("\n".join(section(each)) for each in group)
    return "\n".join(parts)


def contents(classes: list[type[Event]]) -> Iterator[str]:
    """A table of all events."""
    yield "| event | in the log | meaning |\n|---|---|---|\n"
    for each in classes:
        meaning = words(each).partition("\n")[0]
        yield f"| [`{each.event_name}`](#{each.event_name.lower()}) | {'yes' if each.durable else 'no'} | {meaning} |\n"


def section(event_class: type[Event]) -> Iterator[str]:
    """One event."""
    kept = "in the log" if event_class.durable else "not stored"
    yield f"### `{event_class.event_name}`\n"
    yield f"Version {event_class.event_version}, {kept}. {words(event_class)}\n"
    fields = list(fields_of(event_class))
    if fields:
        yield "| field | type | default | meaning |\n|---|---|---|---|"
        yield from (f"| `{each.name}` | `{each.type}` | {each.default} | {each.meaning} |" for each in fields)
        yield ""
    if event_class.may_change:
        names = ", ".join(f"`{name}`" for name in sorted(event_class.may_change))
        yield f"A policy may change {names}{', or refuse it' if refusable(event_class) else ''}.\n"


def fields_of(event_class: type[Event]) -> Iterator[Field]:
    """The fields that a class adds to those of every event, read from its source."""
    for owner in reversed(event_class.__mro__):
        if not issubclass(owner, Event) or owner is Event:
            continue
        (node,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(owner))).body
        body = node.body if isinstance(node, ast.ClassDef) else []
        for place, line in enumerate(body):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                default = f"`{ast.unparse(line.value)}`" if line.value is not None else ""
                following = body[place + 1] if place + 1 < len(body) else None
                kind = type_of(event_class, line.target.id, line.annotation)
                yield Field(line.target.id, cell(kind), cell(default), cell(said(following)))


def type_of(event_class: type[Event], name: str, written: ast.expr) -> str:
    """A field's type as it is written; where that is a name for a few words, the words."""
    meant = event_class.model_fields[name].annotation
    return " | ".join(map(repr, get_args(meant))) if get_origin(meant) is Literal else ast.unparse(written)


def said(node: ast.stmt | None) -> str:
    """The words under a field, if any."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value).replace("``", "`")
    return ""


def words(event_class: type[Event]) -> str:
    """A class's docstring as Markdown."""
    return (inspect.getdoc(event_class) or "").replace("``", "`")


def heading(module: ModuleType) -> str:
    """A module's first line, as a heading."""
    return (inspect.getdoc(module) or "").partition("\n")[0].rstrip(".")


def cell(text: str) -> str:
    """Text that may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def refusable(event_class: type[Event]) -> bool:
    """Whether something stands in for an event that a policy refused."""
    return event_class.vetoed is not Event.vetoed


def main() -> None:
    """Write the page, or compare it."""
    if sys.argv[1:] == ["--check"]:
        if not PAGE.is_file() or PAGE.read_text("utf-8") != render():
            sys.exit(f"docs/reference/{PAGE.name} is not what the event classes say: run python scripts/reference.py")
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(), "utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
