"""A policy: a person has to agree before certain tools are called."""

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...bus.interception import Ask, OnTimeout
from ...events.tool import ToolRequested
from ..tool_names import Matches, named


class RequireApproval:
    """Asks a person before a call of a tool that is named, or of any that a function picks.

    Hears ToolRequested; answers it, or ``Ask(approver)``: the run then waits for ``Run.decide``. Names may be
    patterns; who lets ``timeout_s`` seconds pass is passed over, as ``Ask`` says::

        runtime.subscribe(RequireApproval("refund", "delete_*", approver="support"))
        runtime.subscribe(RequireApproval("pay", approver="kim", timeout_s=3600, escalate_to=("finance",)))
        runtime.subscribe(RequireApproval(lambda call: call.arguments.get("usd", 0) > 100))

    A function that raises counts as a refusal: what was to be looked at by a person does not happen by mistake.

    :raises BadOption: nothing is named, or what is neither a name nor a function; or ``Ask`` could not be asked so.
    """

    def __init__(
        self,
        *calls: str | Matches,
        approver: str = "user",
        reason: str = "",
        timeout_s: float | None = None,
        escalate_to: tuple[str, ...] = (),
        on_timeout: OnTimeout = "reject",
        order: int = 0,
    ) -> None:
        if not calls:
            raise BadOption("RequireApproval() asks about nothing; name tools, or give a function of the call")
        for each in calls:
            if not (isinstance(each, str) or callable(each)):
                raise BadOption(f"RequireApproval({each!r:.80}): name tools, or give a function of the call")
        self._picks = tuple(named(each) if isinstance(each, str) else each for each in calls)
        self._question = Ask(approver, reason, timeout_s, escalate_to, on_timeout)
        self._order = order

    def __call__(self, event: ToolRequested) -> ToolRequested | Ask:
        return self._question if any(picks(event) for picks in self._picks) else event

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus."""
        bus.intercept(ToolRequested, self, order=self._order, on_error="deny")
