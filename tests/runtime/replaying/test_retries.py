"""What a retry policy left to chance is the log's word; what it decided is not."""

from dataclasses import replace
from typing import Any

from loopbus.events import Event, ModelFailed, RetryScheduled
from loopbus.events.tries import Tries
from loopbus.handlers.retry import RetryPolicy
from loopbus.handlers.retry_budget import RetryBudget
from loopbus.handlers.retrying import Retry, Retrying
from loopbus.runtime import Agent
from loopbus.runtime.replaying.replay import replay_events

from .by_hand import RICH, mismatch, run_log
from .runs import agent_of


async def failed_once(retry: Retrying, *, retried: bool) -> tuple[Agent[Any], list[Event]]:
    """A run whose model fails at first, and an agent with this policy."""
    plan = replace(RICH, lines=["busy", "answer"], retries=2 if retried else 1)
    return agent_of(plan, retry=retry), await run_log(plan)


async def test_a_retry_is_believed_if_the_policy_could_have_wanted_it() -> None:
    """How long it waited was chance; how often it may try is not."""
    agent, log = await failed_once(RetryPolicy(attempts=2, first_s=1000, within_s=10, longest_s=1000), retried=True)
    assert await replay_events(agent, log) is not None
    agent, log = await failed_once(RetryPolicy(attempts=1), retried=True)
    found = await mismatch(agent, log)
    assert (found.recorded.event_name, getattr(found.expected, "event_name", "")) == (
        "RetryScheduled",
        "FallbackChosen",
    )


async def test_no_retry_is_believed_if_chance_or_a_shared_budget_could_have_forbidden_it() -> None:
    """A replay takes nothing out of a budget."""
    budget = RetryBudget(burst=1, per_s=0)
    for policy in (RetryPolicy(budget=budget), RetryPolicy(first_s=1000, within_s=10, longest_s=1000)):
        agent, log = await failed_once(policy & RetryPolicy(), retried=False)
        assert await replay_events(agent, log) is not None
    assert budget.left == 1
    agent, log = await failed_once(RetryPolicy(), retried=False)
    found = await mismatch(agent, log)
    assert (found.recorded.event_name, getattr(found.expected, "event_name", "")) == (
        "FallbackChosen",
        "RetryScheduled",
    )


async def test_a_retry_policy_of_ones_own_decides_as_it_did() -> None:
    """What it says is compared; only how long it waits is the log's word."""

    class Twice:
        """Retries once, whatever went wrong."""

        def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
            """See ``Retrying``."""
            return Retry(5.0) if tries.failures < 2 else None

    agent, log = await failed_once(Twice(), retried=True)
    assert await replay_events(agent, log) is not None
    agent, log = await failed_once(Twice(), retried=False)
    assert type((await mismatch(agent, log)).expected) is RetryScheduled
