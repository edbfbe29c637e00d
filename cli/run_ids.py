"""Ids of runs as people write them: the beginning is enough, as long as only one run's id begins so."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from ..stores import EventLog, NoSuchRun, RunInfo
from .errors import AmbiguousRun

SHORTEST = 8
"""Characters of an id that are shown at least."""
PAGE = 500
_LISTED = 10


async def find_run(log: EventLog, given: str) -> RunInfo:
    """The run with this id, or the only one whose id begins so.

    :raises NoSuchRun: there is none.
    :raises AmbiguousRun: there are several; the message lists the latest.
    """
    try:
        return await log.info(given)
    except NoSuchRun:
        if not given:
            raise NoSuchRun("an empty text names no run; loopbus runs lists them", run_id=given) from None
    async with aclosing(every_run(log)) as runs:
        found = [info async for info in runs if info.run_id.startswith(given)]
    if not found:
        raise NoSuchRun(f"no run's id begins with {given!r:.80}; loopbus runs lists them", run_id=given)
    if len(found) > 1:
        raise AmbiguousRun(f"{len(found)} runs have an id that begins with {given!r:.80}:\n{_listed(found)}")
    return found[0]


async def every_run(
    log: EventLog, *, session: str | None = None, agent: str | None = None, unfinished: bool = False
) -> AsyncGenerator[RunInfo, None]:
    """All runs, the latest first, or only those of a session or an agent, or without an end."""
    before: int | None = None
    while True:
        page = await log.runs(session=session, agent=agent, unfinished=unfinished, before=before, limit=PAGE)
        for info in page:
            yield info
        if len(page) < PAGE:
            return
        before = page[-1].place


def short_ids(ids: Collection[str]) -> dict[str, str]:
    """For each id, the shortest beginning of eight characters or more that tells it from all the others."""
    ordered = sorted(ids)
    shortest: dict[str, str] = {}
    for place, run_id in enumerate(ordered):
        beside = ordered[max(place - 1, 0) : place] + ordered[place + 1 : place + 2]
        shared = max((_shared(run_id, other) for other in beside), default=0)
        shortest[run_id] = run_id[: max(SHORTEST, shared + 1)]
    return shortest


def _shared(one: str, other: str) -> int:
    """How many characters two ids begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _listed(found: list[RunInfo]) -> str:
    lines = [f"  {info.run_id}  {info.agent}" for info in found[:_LISTED]]
    rest = len(found) - _LISTED
    return "\n".join([*lines, f"  ... and {rest} more"] if rest > 0 else lines)
