"""A finished run becomes a test: green while the agent goes the same way, red with a diff when it does not."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Veto
from loopbus.events import Event, ModelRequested, ToolFinished, ToolRequested
from loopbus.runtime import Agent, BadInput, InsideLoop, ReplayMismatch, Runtime, replay_recording
from loopbus.runtime.replaying.promote import Promoted, promote
from loopbus.runtime.replaying.recording import recorded, recording
from loopbus.stores import StoreError
from loopbus.tools import tool

AGENT = '''
from loopbus import Agent, tool
from loopbus.backends import Scripted


@tool
async def refund(usd: int) -> str:
    """Pay money back."""
    raise SystemExit("a replay runs no tool")


class house:
    clerk = Agent(Scripted([]), "{told}", tools=[refund], name="clerk")
'''


@tool
async def refund(usd: int) -> str:
    """Pay money back."""
    return f"{usd} USD are back"


def clerk(told: str = "Be kind.") -> Agent:
    """The agent of the run."""
    script = [[call("refund", usd=7), call("refund", usd="much")], text("Done.")]
    return Agent(Scripted(script), told, tools=[refund], name="clerk")


async def finished(*policies: type[Event]) -> list[Event]:
    """The log of a run, judged by policies."""
    async with Runtime() as runtime:
        for kind in policies:
            runtime.intercept(kind)(_change)
        run = await runtime.start(clerk(), "Pay it back.")
        await run.result()
    return list(run.log)


def _change(event: Event) -> Event | Veto:
    if isinstance(event, ToolFinished):
        return event.model_copy(update={"output": "***"})
    return Veto("not today") if isinstance(event, ToolRequested) else event.model_copy(update={"instructions": "Hm."})


def is_empty(folder: Path) -> bool:
    """Whether nothing was written."""
    return not list(folder.iterdir())


async def made(folder: Path, *policies: type[Event]) -> Promoted:
    """A run, made into a test."""
    return await promote(clerk(), "shop.agents:house.clerk", await finished(*policies), folder)


def test_the_written_test_is_green_and_turns_red_with_the_code(tmp_path: Path) -> None:
    """In a process of its own, as a user has it; the red one shows what differs."""
    promoted = asyncio.run(made(tmp_path / "tests"))
    later = promoted.test.with_name("test_later.py")
    later.write_text(promoted.test.read_text("utf-8").replace("shop.agents", "shop.later"), "utf-8")
    (tmp_path / "shop").mkdir()
    for module, told in (("agents", "Be kind."), ("later", "Be quick.")):
        (tmp_path / "shop" / f"{module}.py").write_text(AGENT.format(told=told), "utf-8")
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir=.", "tests"]
    environment = {"PYTHONPATH": ".", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "test_later.py::" in done.stdout.partition("FAILED")[0].splitlines()[-1]
    assert '-instructions: "Be kind."' in done.stdout
    assert '+instructions: "Be quick."' in done.stdout


@pytest.mark.parametrize("policies", [(), (ToolRequested,), (ModelRequested, ToolRequested, ToolFinished)])
def test_the_written_test_is_well_formed_and_names_what_policies_did(
    tmp_path: Path, policies: tuple[type[Event], ...]
) -> None:
    """As a formatter would have it; what no policy touched is held to byte for byte."""
    promoted = asyncio.run(made(tmp_path, *policies))
    source = promoted.test.read_text("utf-8")
    compile(source, "test", "exec")
    names = ", ".join(sorted(kind.__name__ for kind in policies if kind is not ToolFinished))
    assert ("JUDGED" in source) == bool(policies)
    assert f"JUDGED = [{names}" in source or not policies
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("ruff is not installed")
    command = [ruff, "format", "--isolated", "--check", "--diff", str(promoted.test)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


async def test_a_recording_is_the_log_byte_for_byte() -> None:
    """It is written as an export is, and read as one."""
    log = await finished()
    lines = await recording(log)
    assert await recorded(lines) == log
    with pytest.raises(StoreError, match="line 3"):
        await recorded([*lines[:2], lines[2].replace("{", "[", 1), *lines[3:]])


def test_a_recording_is_replayed_by_a_plain_test(tmp_path: Path) -> None:
    """No plugin, no event loop, no runtime."""
    promoted = asyncio.run(made(tmp_path))
    result = replay_recording(clerk(), promoted.recording)
    assert result is not None
    assert result.output == "Done."
    with pytest.raises(ReplayMismatch):
        replay_recording(clerk("Be quick."), promoted.recording)


async def test_a_recording_is_replayed_outside_of_loops(tmp_path: Path) -> None:
    """In a coroutine it says what to do."""
    promoted = await made(tmp_path)
    with pytest.raises(InsideLoop, match="replay_recording"):
        replay_recording(clerk(), promoted.recording)


@pytest.mark.parametrize("reference", ["clerk", "shop.agents", "shop.agents:", "shop/agents:clerk", "a:b()", "1:x"])
async def test_what_names_no_agent_is_refused(reference: str, tmp_path: Path) -> None:
    """Nothing is written then."""
    with pytest.raises(BadInput, match="module:name"):
        await promote(clerk(), reference, await finished(), tmp_path)
    assert is_empty(tmp_path)


async def test_only_a_run_that_is_over_and_replays_is_made_a_test(tmp_path: Path) -> None:
    """A test that is red when it is written would say nothing."""
    log = await finished()
    for unfinished in (log[:-1], []):
        with pytest.raises(BadInput, match="is over"):
            await promote(clerk(), "shop:clerk", unfinished, tmp_path)
    with pytest.raises(ReplayMismatch):
        await promote(Agent(Scripted([]), "Be kind.", name="clerk"), "shop:clerk", log, tmp_path)
    assert is_empty(tmp_path)
