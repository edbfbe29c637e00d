"""Some tools may not be called, whatever the model wants."""

from typing import Any

import pytest

from loopbus import Agent, Runtime, tool
from loopbus.backends.script import call, text
from loopbus.backends.scripted import Scripted
from loopbus.bus import BadOption, Recorder, Veto
from loopbus.events import ApprovalRequested, ToolFinished, ToolRequested, ToolStarted
from loopbus.handlers.policies import RequireApproval, ToolAccess


@pytest.mark.parametrize(
    ("access", "name", "allowed"),
    [
        (ToolAccess(), "anything", True),
        (ToolAccess(allow=["read_*", "search"]), "read_file", True),
        (ToolAccess(allow=["read_*", "search"]), "write_file", False),
        (ToolAccess(allow=["read_*"], deny=["read_secrets"]), "read_secrets", False),
        (ToolAccess(deny=["rm"]), "rm", False),
        (ToolAccess(deny=["rm"]), "rmdir", True),
        (ToolAccess(allow=[]), "anything", False),
    ],
)
def test_a_tool_may_be_called_if_it_is_allowed_and_not_denied(access: ToolAccess, name: str, allowed: bool) -> None:
    """Denying wins; patterns fit whole names."""
    event = ToolRequested(call_id="c1", name=name, arguments={})
    answer = access(event)
    assert answer is event if allowed else isinstance(answer, Veto) and name in answer.reason


async def test_a_refused_call_never_starts_and_the_run_goes_on() -> None:
    """Nobody is asked to approve it either; the model gets a result that says why."""

    @tool
    async def rm() -> str:
        """Remove."""
        raise AssertionError("it was called")

    recorder = Recorder()
    async with Runtime(subscribers=[RequireApproval("*"), ToolAccess(deny=["rm"]), recorder]) as runtime:
        result = await runtime.run(Agent(Scripted([call("rm"), text("sorry")]), tools=[rm]), "remove it")
    assert result.output == "sorry"
    (finished,) = recorder.of(ToolFinished)
    assert (finished.outcome, "'rm'" in finished.output) == ("denied", True)
    assert not recorder.of((ToolStarted, ApprovalRequested))


async def test_a_refused_call_is_nothing_that_other_policies_have_to_look_at() -> None:
    """They may cost time or money, and are asked later."""
    asked: list[ToolRequested] = []

    async with Runtime() as runtime:

        @runtime.intercept(ToolRequested)
        async def costly(event: ToolRequested) -> ToolRequested:
            asked.append(event)
            return event

        runtime.subscribe(ToolAccess(allow=["read"]))
        await runtime.run(Agent(Scripted([call("rm"), call("read"), text("sorry")])), "remove it")
    assert [event.name for event in asked] == ["read"]


@pytest.mark.parametrize("option", ["allow", "deny"])
def test_a_text_in_the_place_of_a_list_is_refused(option: str) -> None:
    """Its letters would each be a pattern."""
    patterns: dict[str, Any] = {option: "rm"}
    with pytest.raises(BadOption, match=option):
        ToolAccess(**patterns)
