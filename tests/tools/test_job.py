"""One call on its way through a thread."""

import asyncio
import functools
import gc
import weakref

import pytest

from loopbus.tools.job import Job


class Thing:
    def method(self) -> None: ...

    def __call__(self) -> None: ...


async def test_a_call_is_named_after_the_function_it_ends_in() -> None:
    """Through partials; an object by its class."""
    loop = asyncio.get_running_loop()
    assert Job(functools.partial(functools.partial(Thing().method)), loop, None).what == "Thing.method"
    assert Job(Thing(), loop, None).what == "Thing"


async def test_a_failure_is_not_kept_alive_by_its_own_traceback() -> None:
    """Everything a failed call held is free as soon as its error is, without the garbage collector."""

    def fail() -> None:
        raise ValueError

    gc.disable()
    try:
        job = Job(fail, asyncio.get_running_loop(), None)
        job.perform()
        with pytest.raises(ValueError, match=r"^$"):
            job.outcome()
        freed = weakref.ref(job.told)
        del job
        assert freed() is None
    finally:
        gc.enable()


async def test_a_failure_nobody_came_back_for_prints_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The future carries no exception, so there is none that was never retrieved."""

    def fail() -> None:
        raise ValueError

    job = Job(fail, asyncio.get_running_loop(), None)
    job.begin()
    job.perform()
    job.tell()
    await job.told
    del job
    gc.collect()
    assert caplog.records == []
