"""Makes a regression test of a finished run: a test file for pytest, and the recording that it replays."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from ...bus.event import Event
from ...events.run import RunFinished
from ...handlers.limits import Limits
from ..errors import BadInput, ReplayMismatch
from ..spec import AgentSpec
from .recording import recording
from .replay import replay_events

_REFERENCE = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)(?P<rest>(?:\.[^\W\d]\w*)*)")
_LONGEST = 24
"""Characters of a run's id in the names of its files."""
_TEST = '''\
"""Run {run_id}, recorded on {day}: the agent must go the same way again."""

from pathlib import Path

{imports}

RECORDING = Path(__file__).with_name("{recording}")
{judged}

def test_run_{slug}_goes_as_recorded() -> None:
    """All that the code decides is as it was then; else a diff shows the first difference."""
    replay_recording({agent}, RECORDING{argument})
'''


class Promoted(NamedTuple):
    """The two files that a run was made into."""

    test: Path
    recording: Path


async def promote(
    agent: AgentSpec[Any],
    reference: str,
    events: Sequence[Event],
    folder: str | PathLike[str],
    *,
    deps: Any = None,
    limits: Limits | None = None,
) -> Promoted:
    """Write a test that replays a finished run against the agent that ``reference`` names, as ``module:name``.

    The run is replayed first, so the test is green when it is written. Kinds of events that policies changed or
    answered in it are found on the way, and named in the test. ``deps`` and ``limits`` are for that replay; a test
    that needs them is to be completed by hand. The recording holds all that was said in the run. Files that are there
    already are replaced.

    :raises BadInput: the reference is none, or the run is not over.
    :raises ReplayMismatch: the agent does not go the recorded way now.
    """
    named = _REFERENCE.fullmatch(reference)
    if named is None:
        raise BadInput(f"{reference!r:.80} names no agent: write module:name, such as shop.agents:clerk")
    if not events or not isinstance(events[-1], RunFinished):
        raise BadInput("only a run that is over can be made a test: the last event of its log is RunFinished")
    judged = await judged_in(agent, events, deps=deps, limits=limits)
    slug = re.sub(r"\W+", "_", events[0].run_id, flags=re.ASCII)[:_LONGEST]
    place = Path(folder)
    promoted = Promoted(place / f"test_run_{slug}.py", place / f"run_{slug}.jsonl")
    _write(promoted, _test(named, events[0], slug, promoted.recording.name, judged), await recording(events))
    return promoted


async def judged_in(
    agent: AgentSpec[Any], events: Sequence[Event], *, deps: Any = None, limits: Limits | None = None
) -> list[type[Event]]:
    """The kinds of events in whose place policies must have put something else, for the run to replay.

    :raises ReplayMismatch: no policy explains what differs.
    """
    judged: list[type[Event]] = []
    while True:
        try:
            await replay_events(agent, events, judged=judged, deps=deps, limits=limits)
            return judged
        except ReplayMismatch as unlike:
            if unlike.judged is None or unlike.judged in judged:
                raise
            judged.append(unlike.judged)


def _write(promoted: Promoted, test: str, lines: Sequence[str]) -> None:
    promoted.test.parent.mkdir(parents=True, exist_ok=True)
    with promoted.recording.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
    promoted.test.write_text(test, "utf-8")


def _test(named: re.Match[str], first: Event, slug: str, recording: str, judged: Sequence[type[Event]]) -> str:
    kinds = ", ".join(sorted(kind.__name__ for kind in judged))
    imports = [
        *([f"from loopbus.events import {kinds}"] if kinds else []),
        "from loopbus.runtime import replay_recording",
        f"from {named['module']} import {named['name']}",
    ]
    return _TEST.format(
        run_id=re.sub(r"[^\w.:-]", "_", first.run_id),
        day=datetime.fromtimestamp(first.at, UTC).date(),
        imports="\n".join(imports),
        recording=recording,
        judged=f"JUDGED = [{kinds}]\n" if kinds else "",
        argument=", judged=JUDGED" if kinds else "",
        slug=slug,
        agent=f"{named['name']}{named['rest']}",
    )
