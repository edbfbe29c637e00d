"""Law 12: a secret in what somebody's code raises reaches neither a log, an event, a model nor an error."""

from collections.abc import Callable
from typing import Any

import pytest

from loopbus import Agent, RunFailed, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.bus import Recorder
from loopbus.events import ToolFinished, ToolRequested

KEY = "sk-proj-abcdefghijklmnop"


def raises(*_: Any) -> Any:
    """Say too much."""
    raise ConnectionError(f"GET https://api.example/v1?token={KEY}: 401") from ValueError(f"Bearer {KEY}")


@tool
def fetch() -> str:
    """Fetch something."""
    return raises()


def in_a_tool(runtime: Runtime) -> None:
    """The tool itself raises."""


def in_a_policy(runtime: Runtime) -> None:
    """A policy raises."""
    runtime.intercept(ToolRequested)(raises)


def in_an_observer(runtime: Runtime) -> None:
    """An observer raises."""
    runtime.observe(ToolFinished)(raises)


@pytest.mark.parametrize("somewhere", [in_a_tool, in_a_policy, in_an_observer])
async def test_what_is_raised_is_told_without_its_secrets(
    somewhere: Callable[[Runtime], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is told: what it was, and where."""
    model, recorder = Scripted([call("fetch"), text("done")]), Recorder()
    async with Runtime(subscribers=[recorder]) as runtime:
        somewhere(runtime)
        await runtime.run(Agent(model, tools=[fetch]), "Fetch it.")
        await runtime.drain()
        await runtime.drain()
    told = "".join(event.model_dump_json() for event in recorder.events)
    assert KEY not in told + caplog.text + repr(model.requests)
    assert "ConnectionError: GET https://api.example/v1?token=***" in told


async def test_an_agent_that_cannot_be_asked_says_so_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    """The error's own cause is the caller's: an exception of the caller's code, as it was raised."""
    with pytest.raises(RunFailed, match="ConnectionError") as caught:
        await Agent(Scripted(["never"]), instructions=raises).run("Hello.")
    assert KEY not in str(caught.value) + repr(caught.value.result) + caplog.text
    assert isinstance(caught.value.__cause__, ConnectionError)
