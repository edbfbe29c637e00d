"""The pool of daemon threads: bounded, fair, and honest about what cannot be stopped."""

import asyncio
import contextlib
import subprocess
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.tools import ThreadPool, ToolCapacityError, ToolCrashed, ToolError
from loopbus.tools.threads import shared_threads

from .blocking import LONG, Blocker, blocker, join_all, wait_until

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


def threads_of(name: str) -> set[threading.Thread]:
    """The live threads of a pool that was given this name."""
    return {thread for thread in threading.enumerate() if thread.name == name}


@pytest.fixture
def pool(request: pytest.FixtureRequest) -> Iterator[ThreadPool]:
    """Two threads, gone at the end of the test."""
    name: str = request.node.name
    with ThreadPool(2, name=name) as made:
        yield made
    join_all(threads_of(name))


def spawn(group: asyncio.TaskGroup, pool: ThreadPool, fn: Callable[..., object]) -> asyncio.Task[object]:
    """Run ``fn`` in the pool, beside the test."""
    return group.create_task(pool.run(fn))


async def attempt(work: Awaitable[object]) -> object:
    """What came of it: a value, or the refusal."""
    try:
        return await work
    except ToolCapacityError as error:
        return error


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_function_runs_on_another_thread_and_its_value_comes_back(pool: ThreadPool) -> None:
    """``run`` passes arguments by place and by name, and the loop's thread stays free."""

    def divide(a: int, b: int) -> tuple[int, bool]:
        return a // b, threading.current_thread() is threading.main_thread()

    assert await pool.run(divide, 7, b=2) == (3, False)


async def test_what_it_raises_is_raised_where_it_is_awaited(pool: ThreadPool) -> None:
    """An ordinary exception arrives as itself, and is not kept alive afterwards."""
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    assert (pool.busy, pool.abandoned) == (0, 0)


@pytest.mark.parametrize("deadly", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), StopIteration(1)])
async def test_what_would_stop_a_thread_or_a_loop_is_contained(pool: ThreadPool, deadly: BaseException) -> None:
    """``sys.exit()`` in a tool stops neither the thread nor the loop, and is not mistaken for a cancellation."""

    def die() -> None:
        raise deadly

    with pytest.raises(ToolCrashed, match=type(deadly).__name__) as caught:
        await pool.run(die)
    assert caught.value.__cause__ is deadly
    assert await pool.run(lambda: "alive") == "alive"


async def test_the_callers_context_variables_are_seen_and_not_changed(pool: ThreadPool) -> None:
    """A function reads what its caller set; what it sets itself reaches nobody else."""
    tenant.set("alice")

    def read_and_set() -> str:
        seen = tenant.get()
        tenant.set("mallory")
        return seen

    assert [await pool.run(read_and_set) for _ in range(3)] == ["alice"] * 3
    assert tenant.get() == "alice"


async def test_there_are_never_more_threads_than_the_size(pool: ThreadPool) -> None:
    """Calls beyond the size wait, and are served in the order they came."""
    order: list[int] = []
    with blocker() as busy:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                spawn(group, pool, busy.hang)
            for number in range(5):
                spawn(group, pool, partial(order.append, number))
            await wait_until(lambda: pool.waiting == 5)
            assert (pool.capacity, pool.busy, pool.abandoned) == (2, 2, 0)
            busy.release()
    assert order == sorted(order)
    assert (pool.busy, pool.waiting) == (0, 0)


async def test_a_cancelled_caller_returns_at_once_and_its_thread_is_counted(pool: ThreadPool) -> None:
    """Nobody waits for a thread that hangs; it is listed with its name and age until it ends."""
    with blocker() as stuck:
        async with asyncio.TaskGroup() as group:
            task = spawn(group, pool, stuck.hang)
            await wait_until(stuck.began.is_set)
            await cancelled(task)
        assert (pool.busy, pool.abandoned) == (0, 1)
        (left,) = pool.abandoned_calls()
        assert left.what == "Blocker.hang"
        assert left.age_s >= 0
        assert await pool.run(lambda: "the other thread") == "the other thread"
        stuck.release()
        await wait_until(lambda: pool.abandoned == 0)
    assert pool.abandoned_calls() == ()


async def test_a_late_result_is_told_once_on_the_loop(pool: ThreadPool) -> None:
    """The value, or the exception, of an abandoned call reaches ``on_late`` on the event loop's own thread."""
    late: list[tuple[object, bool]] = []

    def on_late(outcome: object) -> None:
        late.append((outcome, threading.current_thread() is threading.main_thread()))

    for fails in (False, True):
        with blocker() as stuck:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(pool.submit(stuck.hang_and_fail if fails else stuck.hang, on_late))
                await wait_until(stuck.began.is_set)
                await cancelled(task)
            stuck.release()
            await wait_until(lambda fails=fails: len(late) == 1 + fails)
    assert late[0] == ("late", True)
    assert isinstance(late[1][0], ValueError)


async def test_a_result_that_meets_its_cancellation_is_told_as_late(pool: ThreadPool) -> None:
    """A call that ends in the same turn of the loop in which its caller is cancelled is not lost."""
    late: list[object] = []
    async with asyncio.TaskGroup() as group:
        with blocker() as stuck:
            task = group.create_task(pool.submit(stuck.hang, late.append))
            await wait_until(stuck.began.is_set)
        # The thread ends while the loop stands still: its wake-up is queued before the cancellation.
        while pool.busy:
            pass
        await cancelled(task)
    await wait_until(lambda: late)
    assert late == ["late"]


async def test_a_caller_woken_and_cancelled_in_one_turn_passes_its_result_on(pool: ThreadPool) -> None:
    """The task was told of the end, then cancelled before it ran: its result is told as late."""
    late: list[object] = []
    work = pool.submit(lambda: "done", late.append)
    told = work.send(None)
    await asyncio.wait([cast("asyncio.Future[None]", told)])
    with pytest.raises(asyncio.CancelledError):
        work.throw(asyncio.CancelledError())
    assert late == ["done"]


async def test_a_call_that_waits_can_be_cancelled(pool: ThreadPool) -> None:
    """A call cancelled in the queue never runs, is never late, and holds no place."""
    ran: list[object] = []
    with blocker() as busy:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                spawn(group, pool, busy.hang)
            task = group.create_task(pool.submit(lambda: ran.append("queued"), ran.append))
            await wait_until(lambda: pool.busy == pool.capacity and pool.waiting)
            await cancelled(task)
            assert pool.waiting == 0
            busy.release()
    assert ran == []


async def test_when_every_thread_hangs_the_next_call_is_refused_at_once(pool: ThreadPool) -> None:
    """Those that wait and those that come are told ``ToolCapacityError``, and the pool recovers when a thread ends."""
    with blocker() as stuck:
        async with asyncio.TaskGroup() as group:
            hanging = [spawn(group, pool, stuck.hang) for _ in range(2)]
            await wait_until(lambda: pool.busy == 2)
            waiting = group.create_task(attempt(pool.run(lambda: "never")))
            await wait_until(lambda: pool.busy == pool.capacity and pool.waiting)
            for task in hanging:
                await cancelled(task)
        assert "all 2 threads hang" in str(waiting.result())
        with pytest.raises(ToolCapacityError, match="all 2 threads hang"):
            await pool.run(lambda: "never")
        stuck.release()
        await wait_until(lambda: pool.abandoned < 2)
    assert await pool.run(lambda: "again") == "again"


async def test_a_call_is_refused_when_no_thread_comes_free_in_time() -> None:
    """Threads that hang while somebody still waits for them do not make others wait for ever."""
    with blocker() as stuck, ThreadPool(1, stall_s=0.001) as pool:
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, stuck.hang)
            await wait_until(stuck.began.is_set)
            with pytest.raises(ToolCapacityError, match=r"none of 1 threads came free for 0\.001 s"):
                await pool.run(lambda: "never")
            stuck.release()


async def test_waiting_in_a_moving_queue_is_no_stall() -> None:
    """As long as calls end, however many stand before it, a call that waits is not refused."""
    with ThreadPool(1, stall_s=LONG) as pool:
        stuck = Blocker()
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, stuck.hang)
            await wait_until(stuck.began.is_set)
            waiting = [spawn(group, pool, lambda: None) for _ in range(50)]
            await wait_until(lambda: pool.waiting == 50)
            stuck.release()
        assert all(task.done() for task in waiting)


async def test_the_stall_is_measured_from_the_last_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that has waited long, but saw another end a moment ago, goes on waiting."""
    now = 1000.0
    monkeypatch.setattr("loopbus.tools.threads.monotonic", lambda: now)
    monkeypatch.setattr("loopbus.tools.job.monotonic", lambda: now)
    with blocker() as stuck, ThreadPool(1, stall_s=0.001) as pool:
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, stuck.hang)
            await wait_until(stuck.began.is_set)
            task = group.create_task(attempt(pool.run(lambda: "never")))
            await wait_until(lambda: pool.busy == pool.capacity and pool.waiting)
            # The loop's own clock runs, and asks again and again; by ours no time has passed.
            for _ in range(5):
                await asyncio.sleep(0.002)
            assert not task.done()
            now += 1
            assert isinstance(await task, ToolCapacityError)
            stuck.release()


async def test_a_call_that_saw_another_end_goes_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it has waited itself: the queue moves, so its turn will come."""
    now = 1000.0
    monkeypatch.setattr("loopbus.tools.threads.monotonic", lambda: now)
    monkeypatch.setattr("loopbus.tools.job.monotonic", lambda: now)
    with blocker() as first, blocker() as second, ThreadPool(1, stall_s=0.001) as pool:
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, first.hang)
            await wait_until(first.began.is_set)
            spawn(group, pool, second.hang)
            third = spawn(group, pool, lambda: "third")
            await wait_until(lambda: pool.waiting == 2)
            now += 1
            first.release()
            # The loop stands still meanwhile, so that no alarm can go off before the first call has ended.
            assert second.began.wait(LONG)
            await asyncio.sleep(0.005)
            assert not third.done()
            second.release()
        assert third.result() == "third"


async def test_a_call_that_is_done_leaves_no_alarm_behind() -> None:
    """What it was called with is free as soon as it has ended, not when its time to wait would have been up."""
    with blocker() as busy, ThreadPool(1, stall_s=2 * LONG, idle_s=2 * LONG) as pool:
        held = Blocker()
        freed = weakref.ref(held)
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, busy.hang)
            await wait_until(busy.began.is_set)
            held.release()
            spawn(group, pool, held.hang)
            await wait_until(lambda: pool.waiting)
            busy.release()
        del held
        await wait_until(lambda: freed() is None)


async def test_a_call_that_never_began_is_never_late() -> None:
    """Refused and cancelled in one turn of the loop, it has no result that anybody could be told."""
    late: list[object] = []
    with blocker() as busy, ThreadPool(1) as pool:
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, busy.hang)
            await wait_until(busy.began.is_set)
            waiting = group.create_task(pool.submit(lambda: None, late.append))
            await wait_until(lambda: pool.waiting)
            pool.close()
            waiting.cancel()
            await wait_until(waiting.done)
            await asyncio.sleep(0)
            busy.release()
    assert (waiting.cancelled(), late) == (True, [])


async def test_without_a_stall_limit_a_call_waits_for_ever() -> None:
    """``stall_s=None`` leaves it to the caller's own deadline how long to wait."""
    with blocker() as stuck, ThreadPool(1, stall_s=None) as pool:
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, stuck.hang)
            await wait_until(stuck.began.is_set)
            task = spawn(group, pool, lambda: "at last")
            await wait_until(lambda: pool.busy == pool.capacity and pool.waiting)
            stuck.release()
        assert task.result() == "at last"


async def test_idle_threads_are_used_again_and_end_after_a_while() -> None:
    """One call after another needs one thread; without calls there is none after ``idle_s``."""
    name = "idle-test"
    with ThreadPool(4, idle_s=0.001, name=name) as pool:
        assert await pool.run(threading.get_ident)
        ended = threads_of(name)
        join_all(ended)
        assert await pool.run(lambda: "a new thread") == "a new thread"
    with ThreadPool(4, idle_s=LONG, name=name) as pool:
        idents = set[int]()
        for _ in range(20):
            idents.add(await pool.run(threading.get_ident))
            # Its last call's thread tells us before it is idle again.
            await wait_until(lambda pool=pool: pool._idle == 1)  # pyright: ignore[reportPrivateUsage]  # nobody else asks
        assert len(idents) == 1


async def test_no_thread_is_left_after_close(pool: ThreadPool, request: pytest.FixtureRequest) -> None:
    """Idle threads are gone when ``close`` returns; those at work go after their call; what waits is refused."""
    name: str = request.node.name
    await pool.run(lambda: None)
    pool.close()
    assert threads_of(name) == set()
    with pytest.raises(ToolCapacityError, match="closed"):
        await pool.run(lambda: None)
    pool.close()


async def test_closing_refuses_what_waits_and_lets_what_runs_end(pool: ThreadPool) -> None:
    """A close in the middle of work cuts nothing in two."""
    with blocker() as busy:
        async with asyncio.TaskGroup() as group:
            running = [spawn(group, pool, busy.hang) for _ in range(2)]
            await wait_until(lambda: pool.busy == 2)
            waiting = group.create_task(attempt(pool.run(lambda: "never")))
            await wait_until(lambda: pool.busy == pool.capacity and pool.waiting)
            pool.close()
            assert "closed" in str(await waiting)
            busy.release()
    assert [task.result() for task in running] == ["late", "late"]


def test_one_pool_serves_several_loops_one_after_another(pool: ThreadPool) -> None:
    """Nothing in the pool belongs to a loop."""
    for number in range(3):
        assert asyncio.run(pool.run(abs, number)) == number


def test_a_thread_that_outlives_its_loop_says_nothing(
    pool: ThreadPool, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No traceback is printed when a call ends after its loop was closed, and the thread can be used again."""
    stuck = Blocker()

    async def leave() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(pool.submit(stuck.hang_and_fail, print))
            await wait_until(stuck.began.is_set)
            task.cancel()

    asyncio.run(leave())
    assert pool.abandoned == 1
    stuck.release()
    assert asyncio.run(pool.run(lambda: "still here")) == "still here"
    asyncio.run(wait_until(lambda: pool.abandoned == 0))
    assert (capsys.readouterr().err, caplog.records) == ("", [])


def test_a_hung_thread_does_not_keep_the_interpreter_from_exiting() -> None:
    """The threads are daemons: a program ends although a tool never does."""
    program = """
import asyncio, threading
from loopbus.tools import ThreadPool

def hang(loop, begun):
    loop.call_soon_threadsafe(begun.set)
    threading.Event().wait()

async def main():
    pool, begun = ThreadPool(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        call = group.create_task(pool.run(hang, asyncio.get_running_loop(), begun))
        await begun.wait()
        call.cancel()
    print("left", pool.abandoned)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG, check=True)
    assert (done.stdout.strip(), done.stderr) == ("left 1", "")


async def test_a_system_without_threads_refuses_the_call(monkeypatch: pytest.MonkeyPatch, pool: ThreadPool) -> None:
    """Where no thread can be started at all, the call fails, typed; with one at work it waits for that one."""

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", refuse)
        with pytest.raises(ToolCapacityError, match="can't start new thread"):
            await pool.run(lambda: None)
    assert pool.waiting == 0
    with blocker() as busy:
        async with asyncio.TaskGroup() as group:
            spawn(group, pool, busy.hang)
            await wait_until(busy.began.is_set)
            monkeypatch.setattr(threading.Thread, "start", refuse)
            second = spawn(group, pool, lambda: "second")
            await wait_until(lambda: pool.waiting)
            busy.release()
    assert second.result() == "second"


def test_a_pool_needs_a_thread() -> None:
    """A size below one is refused where it is given."""
    with pytest.raises(ToolError, match="size=0"):
        ThreadPool(0)


def test_the_process_has_one_pool_of_its_own() -> None:
    """Tools called outside a runtime share it."""
    assert shared_threads() is shared_threads()


@given(st.lists(st.sampled_from(["end", "fail", "cancel", "cancel at once"]), max_size=12), st.integers(1, 3))
def test_whatever_happens_every_call_is_answered_once_and_the_counts_return_to_zero(
    fates: list[str], size: int
) -> None:
    """Each call ends as a value, an error, a cancellation or a refusal, and none both in time and late."""
    asyncio.run(play(fates, size))
    join_all(threads_of("fates"))


async def play(fates: list[str], size: int) -> None:
    """Begin a call for each fate, let the fates happen, and let go of those that hang."""
    late: list[int] = []
    answered: list[int] = []

    async def call(number: int, work: Callable[[], object]) -> None:
        with contextlib.suppress(ToolCapacityError):
            with contextlib.suppress(ValueError):
                await pool.submit(work, lambda _: late.append(number))
            answered.append(number)

    with ThreadPool(size, name="fates") as pool, blocker() as stuck:
        async with asyncio.TaskGroup() as group:
            works = [stuck.hang_and_fail if fate == "fail" else stuck.hang for fate in fates]
            tasks = [group.create_task(call(number, work)) for number, work in enumerate(works)]
            for moment in ("cancel at once", "cancel"):
                for fate, task in zip(fates, tasks, strict=True):
                    if fate == moment:
                        task.cancel()
                await asyncio.sleep(0)
            stuck.release()
        await wait_until(lambda: pool.busy == pool.abandoned == pool.waiting == 0)
        # What ended last is told one turn of the loop later.
        await asyncio.sleep(0)
        assert sorted({*answered, *late}) == sorted([*answered, *late])
