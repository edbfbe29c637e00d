"""One run by hand: its log, what to do to it, and the mismatch that must come of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from loopbus.bus.event import stamp
from loopbus.events import Event
from loopbus.runtime import Agent, Limits, ReplayMismatch
from loopbus.runtime.replaying.replay import replay_events

from .runs import Plan, lived

RICH = Plan(
    lines=["busy", "mixed", "three", "answer"],
    policies=(),
    acts=(),
    typed=False,
    limits=Limits(),
    retries=3,
    mode="auto",
)
TYPED = replace(RICH, lines=["answer", "wrong", "city"], typed=True, mode="prompt")


async def run_log(plan: Plan = RICH) -> list[Event]:
    """The log of a run with a retry, a decision, mistakes of the model's, and parallel tools."""
    return list((await lived(plan)).log)


async def mismatch(agent: Agent[Any], log: Sequence[Event], **options: Any) -> ReplayMismatch:
    """The mismatch that there must be."""
    with pytest.raises(ReplayMismatch) as caught:
        await replay_events(agent, log, **options)
    return caught.value


def where(log: Sequence[Event], kind: type[Event]) -> int:
    """The place of the first event of a kind."""
    return next(event.seq for event in log if isinstance(event, kind))


def with_event(log: Sequence[Event], behind: int, *events: Event) -> list[Event]:
    """The log as it would be had more happened behind event ``behind``; what comes later makes room."""
    more = len(events)
    for seq, event in enumerate(events, behind + 1):
        stamp(event, log[0].run_id, seq, log[behind - 1].at, event.cause)
    moved = [
        event.model_copy(update={"seq": event.seq + more, "cause": event.cause + more * (event.cause > behind)})
        for event in log[behind:]
    ]
    return [*log[:behind], *events, *moved]
