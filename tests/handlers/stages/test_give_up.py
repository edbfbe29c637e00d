"""A run ends with the failure of its model."""

from loopbus.events import Fault, ModelFailed, Text, Usage
from loopbus.handlers.stages.give_up import GiveUp

from ..fake_run import asked


async def test_a_run_whose_model_fails_ends_failed_with_that_fault() -> None:
    """What had arrived is its output, what it cost is counted, and the reason is in words."""
    run = asked()
    fault = Fault("Busy", "too many requests", "openai:gpt-5.2", retryable=True)
    failed = run.take(ModelFailed(turn=1, error=fault, partial=(Text("It is "),), usage=Usage(7, 2)))
    finished = await GiveUp()(failed, run)
    assert (finished.status, finished.reason, finished.error) == ("failed", "too many requests", fault)
    assert (finished.output, finished.usage, finished.turns) == ("It is ", Usage(7, 2), 1)
