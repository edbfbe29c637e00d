"""Says where a run that is executed again goes another way, as a diff."""

import json
from collections.abc import Iterator
from difflib import unified_diff

from ...bus.data import dump
from ...bus.event import Event
from ...bus.redaction import redact
from ...events.run import RunStarted
from ..errors import ReplayMismatch


def mismatch(recorded: Event, expected: Event | None, judged: type[Event] | None = None) -> ReplayMismatch:
    """The error that names the first difference: ``expected`` is what the code does now in the place of ``recorded``.

    ``judged`` is the kind of event that a policy may have changed or answered, if that would explain it.
    """
    where = f"run {recorded.run_id} goes another way at event {recorded.seq}"
    recorded_name = type(recorded).__name__
    if expected is None:
        words = f"{where}: a {recorded_name} is recorded there, and the code causes nothing"
    elif type(expected) is type(recorded):
        words = f"{where}, {recorded_name}: it differs from what the code causes now{_told(recorded, expected)}"
    else:
        words = f"{where}: a {recorded_name} is recorded there, and the code now causes a {type(expected).__name__}"
    if judged is not None:
        words += (
            f". A policy for {judged.__name__} could have done this: if there was one, replay in a runtime that has "
            f"it, or with judged=[{judged.__name__}]"
        )
    difference = event_diff(recorded, expected)
    return ReplayMismatch(f"{words}\n{difference}", recorded, expected, difference, judged)


def _told(recorded: Event, expected: Event) -> str:
    """What a difference means that cannot be read off two digests."""
    if isinstance(recorded, RunStarted) and isinstance(expected, RunStarted) and recorded.setup != expected.setup:
        return " (setup is a digest of the tools, with descriptions and schemas, the settings and the output type)"
    return ""


def event_diff(recorded: Event, replayed: Event | None) -> str:
    """A unified diff of the fields of two events, a field a line; what looks like a secret is masked."""
    before, behind = list(event_lines(recorded)), list(event_lines(replayed) if replayed is not None else ())
    lines = unified_diff(before, behind, "recorded", "replayed", lineterm="", n=max(len(before), len(behind)))
    return "\n".join(map(redact, lines))


def event_lines(event: Event) -> Iterator[str]:
    """The fields of an event, a line each; a text of several lines takes as many."""
    for name, value in dump(event).items():
        if isinstance(value, str) and "\n" in value:
            yield f"{name}: |"
            yield from (f"  {line}" for line in value.split("\n"))
        else:
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
