"""What two logs have in common, and what happened in only one of them."""

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from ...bus.event import Event
from ...handlers.excerpt import excerpt

_ASIDE = frozenset({"run_id", "seq", "at", "elapsed_s"})
"""What differs between any two runs, and means nothing."""
_STAMP = _ASIDE | {"cause"}


class Difference(NamedTuple):
    """Two logs: what they begin with, both alike, and how each goes on."""

    shared: Sequence[Event]
    left: Sequence[Event]
    right: Sequence[Event]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.left or self.right)


def difference(left: Sequence[Event], right: Sequence[Event]) -> Difference:
    """Compare two logs, such as those of a run and its fork. Ids of runs and times do not count. Pure."""
    shared = 0
    for one, other in zip(left, right, strict=False):
        if _key(one) != _key(other):
            break
        shared += 1
    return Difference(left[:shared], left[shared:], right[shared:])


def difference_lines(found: Difference, left: str = "left", right: str = "right") -> Iterator[str]:
    """A difference for people: ``-`` happened only in the left log, ``+`` only in the right one, a blank in both.

    Where an event is the same kind in both, only the fields are shown that differ. Long values are cut, and what looks
    like a secret is masked.
    """
    yield f"--- {left}"
    yield f"+++ {right}"
    count = len(found.shared)
    yield f"@@ the first {count} event{'' if count == 1 else 's'} alike @@"
    matcher = SequenceMatcher(None, list(map(_key, found.left)), list(map(_key, found.right)), autojunk=False)
    for kind, begin, end, other_begin, other_end in matcher.get_opcodes():
        ours, theirs = found.left[begin:end], found.right[other_begin:other_end]
        if kind == "equal":
            yield from (_line(" ", event) for event in ours)
        else:
            yield from _changed(ours, theirs)


def _changed(ours: Sequence[Event], theirs: Sequence[Event]) -> Iterator[str]:
    both = min(len(ours), len(theirs))
    for one, other in zip(ours, theirs, strict=False):
        names = _differing(one, other) if type(one) is type(other) else None
        yield _line("-", one, names)
        yield _line("+", other, names)
    yield from (_line("-", event) for event in ours[both:])
    yield from (_line("+", event) for event in theirs[both:])


def _line(sign: str, event: Event, names: Sequence[str] | None = None) -> str:
    fields: dict[str, Any] = event.__dict__  # pyright: ignore[reportAssignmentType]  # taken for the class's own
    shown = [name for name in fields if name not in _STAMP] if names is None else names
    values = (f"{name}={json.dumps(excerpt({name: fields[name]})[name], ensure_ascii=False)}" for name in shown)
    return " ".join([f"{sign}{event.seq:>5} {event.event_name}", *values])


def _differing(one: Event, other: Event) -> list[str]:
    """The fields that differ between two events of one kind."""
    return [name for name in one.__dict__ if name not in _ASIDE and one.__dict__[name] != other.__dict__[name]]


def _key(event: Event) -> str:
    """What makes an event the same as another, as a text: what is to be compared may be no dictionary's key."""
    fields = {name: value for name, value in event.__dict__.items() if name not in _ASIDE}
    return f"{event.event_name} {event.event_version} {fields!r}"
