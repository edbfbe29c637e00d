"""The stages of an agent, asked what they would cause, and kept from doing it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ...bus.event import Event
from ...bus.observer import name_of
from ...bus.stages import Stage
from ...bus.words import describe
from ...events.fault import Fault
from ...events.human import ApprovalDecided
from ...events.model import ModelRequested
from ...events.recovery import RetryScheduled
from ...events.run import RunFinished
from ...events.tool import ToolRequested
from ...handlers.limits import Limits
from ...handlers.models import Models
from ...handlers.outcome import finished
from ...handlers.retrying import Retrying
from ...tools.threads import shared_threads
from ..assemble import assemble, retrying
from ..errors import ReplayMismatch
from ..spec import AgentSpec
from .idle import idle_tools
from .retries import RecordedRetries
from .scope import ReplayScope, WouldStart
from .tape import Cut, Tape

Caused = tuple[Event, int]
"""An event that a stage causes, and the ``seq`` of its cause."""
_ABOUT_CALLS = (ToolRequested, ApprovalDecided)
"""Wishes that are the tool's business, not the code's, once it was started."""


class IdleStages:
    """All stages of an agent but the one that asks the model, over a tape."""

    def __init__(self, agent: AgentSpec[Any], models: Models, tape: Tape, deps: Any, limits: Limits) -> None:
        self._tape = tape
        self._scope = ReplayScope(tape, deps)
        self._retries = RecordedRetries(retrying(agent))
        self.untold = callable(agent.instructions) and deps is None
        """Whether nobody knows here what the instructions are."""
        told = "" if self.untold else agent.instructions
        idle = replace(agent, instructions=told, tools=idle_tools(agent), retry=cast(Retrying, self._retries))
        stages = assemble(idle, models, shared_threads(), limits)
        self._stages: Mapping[type[Event], Stage] = {
            heard: stage for heard, stage in stages.items() if heard is not ModelRequested
        }

    async def ask(self, event: Event, recorded: Event | None = None) -> list[Caused]:
        """What the stage that hears an event causes; ``recorded`` is the first that it caused in the log.

        What it puts into the log itself is taken from the tape meanwhile.

        :raises ReplayMismatch: that is not on the tape.
        :raises Cut: the tape ends, or breaks off, before all of that is.
        """
        stage = self._stages.get(type(event))
        if stage is None or (isinstance(event, _ABOUT_CALLS) and event.call_id in self._tape.state.started):
            return []
        self._retries.recorded = recorded
        if isinstance(event, RetryScheduled):
            # The wait is over: that is in the log.
            event = event.model_copy(update={"delay_s": 0.0})
        try:
            return await self._caused(stage, event)
        except WouldStart as would:
            return [(would.event, would.cause)]
        except (ReplayMismatch, Cut):
            raise
        except Exception as error:
            return [(self._failed(stage, event, error), event.seq)]

    async def _caused(self, stage: Stage, event: Event) -> list[Caused]:
        later = self._scope.later
        later.clear()
        caused = await stage(event, self._scope)
        if later:
            ((work, cause),) = later
            return [(await work, cause)]
        if caused is None:
            return []
        return [(each, event.seq) for each in (caused if isinstance(caused, list) else [caused])]

    def _failed(self, stage: Stage, event: Event, error: Exception) -> RunFinished:
        """How a run ends whose stage raises."""
        where = name_of(stage)
        words = f"stage {where} failed on {type(event).__name__}: {describe(error)}"
        return finished(self._tape.state, "failed", words, Fault(type(error).__name__, words, where))
