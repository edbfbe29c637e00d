"""What a run is driven with that its log does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..handlers.limits import Limits
    from .spec import AgentSpec


class Given(NamedTuple):
    """What somebody has said of it; None is what nobody has said."""

    agent: AgentSpec[Any] | None = None
    deps: Any = None
    limits: Limits | None = None

    def over(self, before: Given) -> Given:
        """This, and what it does not say as it was said ``before``; limits of another agent are no longer meant."""
        kept = before.limits if self.agent is None else None
        return Given(
            self.agent or before.agent,
            before.deps if self.deps is None else self.deps,
            self.limits or kept,
        )


NOTHING = Given()
"""Nothing was said."""
