"""Whatever comes of a tool, it is a result; nothing that a tool raises hurts its run."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import pytest

from loopbus.bus.guest import Watch
from loopbus.events import Image, ToolFinished, ToolRequested
from loopbus.handlers import calling
from loopbus.tools import Tool, as_tool, tool

from ..bus.clock import Clock, cancelling, turns
from .fake_run import FakeRun

REQUEST = ToolRequested(call_id="c1", name="work", arguments={})


def numbers() -> Iterator[int]:
    """Two numbers, from a thread."""
    yield from (1, 2)


@pytest.fixture
def run() -> FakeRun:
    """A run that a call belongs to."""
    return FakeRun()


async def end(work: Callable[[], Coroutine[Any, Any, object]], run: FakeRun, cap: int = 1000) -> ToolFinished:
    """Have an async tool called, and say how it ended."""
    return await calling.call(as_tool(work), REQUEST, work(), run, cap)


def slow(limit_s: float, work: Callable[[], Coroutine[Any, Any, object]]) -> Tool[[], Any]:
    """The tool, with a time-out."""
    return tool(timeout_s=limit_s)(work)


async def test_a_value_is_the_result() -> None:
    """As the model reads it, with who was called and how long it took."""

    async def work() -> dict[str, int]:
        """Work."""
        return {"sum": 42}

    finished = await end(work, FakeRun())
    assert (finished.call_id, finished.name, finished.outcome, finished.blame) == ("c1", "work", "ok", None)
    assert (finished.output, finished.full_size) == ('{"sum":42}', None)
    assert finished.elapsed_s >= 0


async def test_what_is_no_text_comes_beside_the_text(run: FakeRun) -> None:
    """Pictures, sounds and files are parts."""
    picture = Image("image/png", b"png")

    async def work() -> list[object]:
        """Work."""
        return ["look", picture]

    finished = await end(work, run)
    assert (finished.output, finished.parts) == ("look", (picture,))


async def test_a_result_that_is_too_long_is_cut_and_its_size_is_said(run: FakeRun) -> None:
    """In the event too, not only in the words for the model."""

    async def work() -> str:
        """Work."""
        return "x" * 5000

    finished = await end(work, run, cap=100)
    assert finished.full_size == 5000
    assert finished.output.startswith("x" * 100)
    assert len(finished.output) < 300


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no such order"), "ValueError: no such order"),
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError("myself"), "The tool cancelled itself: CancelledError: myself"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_a_tool_raises_is_an_error_for_the_model(error: BaseException, words: str, run: FakeRun) -> None:
    """The run's own task is as it was before."""

    async def work() -> None:
        """Work."""
        raise error

    finished = await end(work, run)
    assert (finished.outcome, finished.blame, finished.output) == ("error", "tool", words)
    assert cancelling() == 0


async def test_a_tool_that_cancels_its_task_cancels_only_itself(run: FakeRun) -> None:
    """The task is the run's, and nobody wanted that to stop."""

    async def work() -> None:
        """Work."""
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    finished = await end(work, run)
    assert (finished.outcome, finished.blame) == ("error", "tool")
    assert cancelling() == 0
    await asyncio.sleep(0)


async def test_a_result_that_cannot_be_shown_is_an_error(run: FakeRun) -> None:
    """It says what is wrong with it."""

    async def work() -> object:
        """Work."""
        return object()

    finished = await end(work, run)
    assert (finished.outcome, finished.blame) == ("error", "tool")
    assert finished.output.startswith("The tool's result cannot be shown: ")


async def test_the_user_at_the_keyboard_is_obeyed(run: FakeRun) -> None:
    """Ctrl-C in a tool is no result."""

    async def work() -> None:
        """Work."""
        raise KeyboardInterrupt

    # It would end the loop's own task: so it is caught where the call is made.
    with pytest.raises(KeyboardInterrupt):
        await end(work, run)


@pytest.mark.parametrize("threaded", [True, False])
async def test_a_run_that_is_stopped_cancels_its_call(threaded: bool, run: FakeRun) -> None:
    """The result says whose will it was; what runs in a thread nobody can stop, so it may have had its effect."""
    begun = asyncio.Event()

    async def work() -> None:
        """Work."""
        begun.set()
        await asyncio.Event().wait()

    called = as_tool(numbers if threaded else work)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(calling.call(called, REQUEST, work(), run, 1000))
        await begun.wait()
        run.stopping = True
        task.cancel()
        finished = await task
    assert (finished.outcome, finished.blame) == ("unknown" if threaded else "cancelled", "caller")
    assert finished.output.startswith("The run was stopped")


async def test_a_cancellation_that_is_not_for_the_call_passes(run: FakeRun) -> None:
    """Where the loop itself cancels the run's task it is the run that has to answer."""
    begun = asyncio.Event()

    async def work() -> None:
        """Work."""
        begun.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(end(work, run))
        await begun.wait()
        task.cancel()
    assert task.cancelled()


async def test_a_tool_that_passes_its_time_out_is_cancelled(run: FakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the second, not before."""
    clock = Clock(monkeypatch)

    async def work() -> None:
        """Work."""
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(calling.call(slow(5, work), REQUEST, work(), run, 1000))
        await turns()
        await clock.forward(4.9)
        assert not task.done()
        await clock.forward(0.2)
        finished = await task
    assert (finished.outcome, finished.blame) == ("error", "tool")
    assert finished.output == "The tool took longer than its 5 s and was cancelled."


@pytest.mark.parametrize("ending", ["value", "error"])
async def test_a_tool_that_will_not_stop_is_let_go_and_says_late_what_came_of_it(
    ending: str, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grace time its outcome is unknown; what is left of it is handed to the run."""
    clock = Clock(monkeypatch)
    gate = asyncio.Event()

    async def work() -> str:
        """Work."""
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await gate.wait()
                break
        else:
            await gate.wait()
        if ending == "error":
            raise SystemExit(3)
        return "at last"

    async with asyncio.TaskGroup() as group:
        task = group.create_task(calling.call(slow(5, work), REQUEST, work(), run, 1000))
        await turns()
        await clock.forward(5.1)
        assert not task.done()
        await clock.forward(calling.GRACE_S)
        finished = await task
        assert (finished.outcome, finished.blame) == ("unknown", "tool")
        assert (
            finished.output == "The tool took longer than its 5 s and would not stop; its effect may or may not happen."
        )
        ((rest, what),) = run.left
        assert what == "tool work"
        late = group.create_task(rest)
        gate.set()
        await late
    ((_, _, value, failed),) = run.late_results
    assert failed is (ending == "error")
    assert isinstance(value, SystemExit) if failed else value == "at last"


async def test_what_is_left_of_a_tool_may_itself_be_cancelled(run: FakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the runtime closes; that is no result, so nothing is said."""
    clock = Clock(monkeypatch)

    async def work() -> None:
        """Work."""
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(calling.call(slow(5, work), REQUEST, work(), run, 1000))
        await turns()
        await clock.forward(5.1)
        await clock.forward(calling.GRACE_S)
        await task
        ((rest, _),) = run.left
        late = group.create_task(rest)
        await clock.forward(0)
        late.cancel()
    assert late.cancelled()
    assert run.late_results == []


async def test_the_watch_knows_which_tool_has_the_loop() -> None:
    """While it has it, and no longer: so a blocked loop can be blamed on somebody."""
    run, seen = FakeRun(), list[str | None]()

    def watched(watch: Watch) -> Callable[[], Coroutine[Any, Any, None]]:
        async def work() -> None:
            """Work."""
            seen.append(watch.on_stage)

        return work

    await end(watched(run.watch), run)
    assert seen == ["tool work"]
    assert run.watch.on_stage is None
