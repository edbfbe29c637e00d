"""An event loop for one piece of work ends, whatever its tasks do."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from loopbus.runtime import own_loop
from loopbus.runtime.own_loop import run_in_own_loop


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches the test, also where it runs in the background of a shell, which has Ctrl-C ignored there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


async def swallow() -> None:
    """Go on for ever, whoever cancels."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


def test_a_task_that_swallows_its_cancellation_does_not_keep_the_program(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Asyncio would wait for it without a bound, also after Ctrl-C; here it is named, and left behind."""
    monkeypatch.setattr(own_loop, "_GRACE_S", 0.01)
    ended: list[str] = []

    async def tame() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("tame")

    async def work() -> str:
        loop = asyncio.get_running_loop()
        kept.extend([loop.create_task(swallow(), name="tool stubborn"), loop.create_task(tame())])
        await asyncio.sleep(0)
        return "done"

    kept: list[asyncio.Task[None]] = []
    assert run_in_own_loop(work()) == "done"
    assert ended == ["tame"]
    assert [record.message for record in caplog.records] == ["tool stubborn would not end and is left behind"]
    assert kept[0].get_loop().is_closed()


@pytest.mark.usefixtures("interruptible")
def test_the_first_ctrl_c_cancels_the_work_and_is_told_to_the_caller() -> None:
    """What the work cleans up is cleaned up."""
    told: list[str] = []

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            told.append("cleaned")

    with pytest.raises(KeyboardInterrupt):
        run_in_own_loop(work())
    assert told == ["cleaned"]
