"""A reply asks for tools, or is the answer."""

from loopbus.events import ModelReplied, Text, ToolRequested, TurnFinished
from loopbus.handlers.stages.route import Route

from ..fake_run import asked, calling, one


async def test_a_reply_without_calls_ends_the_turn_and_is_final() -> None:
    """It is the answer."""
    run = asked()
    replied = run.take(ModelReplied(turn=1, content=(Text("42"),), stop="end"))
    assert await Route()(replied, run) == TurnFinished(turn=1, final=True)


async def test_a_paused_reply_ends_the_turn_but_not_the_run() -> None:
    """It is no answer yet."""
    run = asked()
    replied = run.take(ModelReplied(turn=1, content=(Text("I look it up."),), stop="pause"))
    assert await Route()(replied, run) == TurnFinished(turn=1, final=False)


async def test_each_call_is_sent_on_its_way_in_the_models_order() -> None:
    """With the ids and the arguments that it has in the reply; what was said beside it is no matter."""
    calls = one("add", "c1", a=1, b=2), one("look", "c2"), one("add", "c3", a=3, b=4)
    run = calling(*calls)
    replied = run.log[-1]
    assert isinstance(replied, ModelReplied)
    requested = await Route()(replied, run)
    assert requested == [
        ToolRequested(call_id=each.call_id, name=each.name, arguments=each.arguments) for each in calls
    ]
