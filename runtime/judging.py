"""What the policies of a runtime say to what one of its runs is about to append."""

from collections.abc import Mapping
from typing import Any

from ..bus.bus import Bus
from ..bus.event import Event
from ..bus.guest import Watch
from ..bus.interception import Ask, Instead, Policy, Ruling, intercept
from ..bus.stages import Stage
from ..events.model import ModelReplied
from ..events.tool import ToolFinished, ToolRequested
from .approvals import ask
from .helpers import Helpers
from .journal import Journal
from .numbering import numbered
from .scope import Holding, Scope


class Judging(Scope):
    """One run whose events are put to policies before they become facts, and what stands in for those refused."""

    __slots__ = ("_stages",)

    def __init__(
        self,
        journal: Journal,
        stages: Mapping[type[Event], Stage],
        bus: Bus,
        helpers: Helpers,
        *,
        holding: Holding,
        watch: Watch,
        deps: Any,
    ) -> None:
        super().__init__(journal, bus, helpers, holding=holding, watch=watch, deps=deps)
        self._stages = stages

    async def judge(self, event: Event) -> tuple[Event, Ruling | None]:
        policies = self._bus.routes(type(event)).policies
        judged, verdict = await intercept(policies, event, self.journal.state, self.watch, self._policy_failed)
        if judged is not event and isinstance(judged, ModelReplied) and isinstance(event, ModelReplied):
            judged = numbered(judged, event)
        if isinstance(verdict, Instead) and isinstance(verdict.event, ModelReplied):
            verdict = Instead(numbered(verdict.event))
        return judged, verdict

    def _policy_failed(self, policy: Policy, event: Event, fault: str, error: BaseException | None = None) -> None:
        self._bus.failed(policy.name, event, fault, error, self.journal.run_id)

    def _stand_in(self, event: Event, verdict: Ruling) -> Event | None:
        """What comes of an event that its policies did not let through; None where it can only be changed."""
        if isinstance(verdict, Instead):
            return verdict.event
        if isinstance(verdict, Ask) and isinstance(event, ToolRequested):
            return ask(event, verdict, self._stages.get(ToolRequested), self)
        return event.vetoed(verdict.reason)

    def _unjudged(self, event: Event) -> Event:
        """What a policy has not seen yet is withheld: it might be what the policy is there to hide."""
        if isinstance(event, ToolFinished | ModelReplied) and self._has_policies(event):
            return event.vetoed("the run was stopped before a policy had looked at it")
        return event

    def _has_policies(self, event: Event) -> bool:
        return bool(self._bus.routes(type(event)).policies)
