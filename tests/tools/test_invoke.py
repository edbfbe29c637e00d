"""How each kind of function is called."""

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from loopbus.tools import ThreadPool, ToolContext, ToolCrashed, as_tool, last_of
from loopbus.tools.invoke import manner_of

from .blocking import blocker, wait_until

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


async def coroutine() -> str:
    """Answer at once."""
    return "async"


def function() -> str:
    """Answer from a thread."""
    return "sync"


async def items() -> AsyncGenerator[str, None]:
    """Two steps, then the result."""
    for item in ("one", "two", "three"):
        yield item


def steps() -> Generator[str, None, str]:
    """Two steps, then the result, all of it blocking."""
    yield "one"
    yield "two"
    return "three"


def yields() -> Iterator[str]:
    """The last item is the result."""
    yield from ("one", "two", "three")


class Callables:
    async def method(self) -> None: ...

    async def __call__(self) -> None: ...


@contextlib.contextmanager
def pool_of(size: int) -> Generator[ThreadPool]:
    """A pool with threads that are gone afterwards."""
    with ThreadPool(size) as pool:
        yield pool


@functools.wraps(coroutine)
def decorated(*args: Any) -> Any:
    """Hand a coroutine out."""
    return coroutine(*args)


@pytest.mark.parametrize(
    ("fn", "kind"),
    [
        (coroutine, "async"),
        (functools.partial(functools.partial(coroutine)), "async"),
        (Callables().method, "async"),
        (Callables(), "async"),
        (function, "sync"),
        (decorated, "sync"),
        (functools.lru_cache(function), "sync"),
        (items, "generator"),
        (steps, "generator"),
        (functools.partial(steps), "generator"),
    ],
)
def test_the_kind_of_a_function_is_seen_through_what_is_around_it(fn: Callable[..., Any], kind: str) -> None:
    """Partials, methods and objects are what they end in; a plain decorator makes a plain function."""
    assert manner_of(fn).kind == as_tool(fn).kind == kind


async def run(fn: Callable[..., Any], **more: Any) -> object:
    """Call a tool that is no generator."""
    begun = as_tool(fn).call({}, **more)
    assert isinstance(begun, Awaitable)
    return await begun


def iterate(fn: Callable[..., Any], **more: Any) -> AsyncGenerator[object, None]:
    """Call a tool that is a generator."""
    begun = as_tool(fn).call({}, **more)
    assert isinstance(begun, AsyncGenerator)
    return begun


@pytest.mark.parametrize("fn", [items, steps, yields])
async def test_a_generators_last_item_is_its_result(fn: Callable[..., Any]) -> None:
    """Each earlier one is progress; what a blocking generator returns comes last."""
    progress: list[object] = []
    assert await last_of(iterate(fn), progress.append) == "three"
    assert progress == ["one", "two"]


async def test_a_generator_that_yields_nothing_has_no_result() -> None:
    """It answers None, as a function without a return does."""

    async def nothing() -> AsyncGenerator[str, None]:
        for item in ():
            yield item

    def nothing_blocking() -> Iterator[str]:
        yield from ()

    progress: list[object] = []
    assert await last_of(iterate(nothing), progress.append) is None
    assert await last_of(iterate(nothing_blocking), progress.append) is None
    assert progress == []


async def test_a_decorated_coroutine_function_is_awaited() -> None:
    """A plain function around an async one hands its coroutine out, which runs on the loop."""
    assert await run(decorated) == "async"


async def test_a_blocking_generator_never_runs_on_the_loop() -> None:
    """Each step runs on a thread, in one context: what it sets stays set until the end, and reaches nobody else."""
    tenant.set("alice")

    def work() -> Iterator[tuple[bool, str]]:
        yield threading.current_thread() is threading.main_thread(), tenant.get()
        tenant.set("mallory")
        yield threading.current_thread() is threading.main_thread(), tenant.get()
        yield threading.current_thread() is threading.main_thread(), tenant.get()

    with pool_of(1) as pool:
        seen = [item async for item in iterate(work, threads=pool)]
    assert seen == [(False, "alice"), (False, "mallory"), (False, "mallory")]
    assert tenant.get() == "alice"


async def test_a_blocking_generator_holds_no_thread_while_nobody_asks() -> None:
    """Between two steps its thread serves others."""
    with pool_of(1) as pool:
        work = iterate(steps, threads=pool)
        assert await anext(work) == "one"
        assert await pool.run(lambda: "free") == "free"
        assert await anext(work) == "two"
        await work.aclose()


async def test_leaving_a_generator_early_closes_it() -> None:
    """Its clean-up runs, on a thread, before ``aclose`` returns."""
    closed: list[bool] = []

    def work() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(threading.current_thread() is threading.main_thread())

    with pool_of(1) as pool:
        one = iterate(work, threads=pool)
        assert await anext(one) == 1
        await one.aclose()
        assert closed == [False]

        another = iterate(work, threads=pool)
        assert await anext(another) == 1
    # Without a thread, it is closed as any generator is that nobody holds.
    await another.aclose()
    assert closed == [False, True]


async def test_an_error_ends_a_blocking_generator() -> None:
    """What would stop the loop is contained, as in any sync tool."""

    def work() -> Iterator[int]:
        yield 1
        raise SystemExit(3)

    with pytest.raises(ToolCrashed, match="SystemExit: 3"):
        await last_of(iterate(work), lambda _: None)


async def test_a_cancelled_sync_tool_sees_it_and_its_late_result_is_told() -> None:
    """The caller is free at once; ``context.cancelled`` turns true for the thread that still runs."""
    late: list[object] = []
    context = ToolContext("run", "call", None)
    with blocker() as stuck, pool_of(1) as pool:

        def work(context: ToolContext[None]) -> str:
            stuck.hang()
            return f"cancelled: {context.cancelled}"

        async with asyncio.TaskGroup() as group:
            task = group.create_task(run(work, context=context, threads=pool, on_late=late.append))
            await wait_until(stuck.began.is_set)
            assert not context.cancelled
            task.cancel()
        assert (task.cancelled(), pool.abandoned) == (True, 1)
        stuck.release()
        await wait_until(lambda: late)
    assert late == ["cancelled: True"]


async def test_a_sync_tool_without_context_can_be_cancelled_too() -> None:
    """There is nobody to tell."""
    with blocker() as stuck, pool_of(1) as pool:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(run(lambda_of(stuck.hang), threads=pool))
            await wait_until(stuck.began.is_set)
            task.cancel()
        assert task.cancelled()


def lambda_of(work: Callable[[], object]) -> Callable[[], object]:
    """A function that can be a tool, around one that cannot."""

    def tool() -> object:
        return work()

    return tool


@pytest.mark.parametrize("ending", ["item", "value", "nothing"])
async def test_a_cancelled_blocking_generator_tells_what_its_last_step_came_to(ending: str) -> None:
    """It is not stepped again; the step that could not be stopped is told once it ends."""
    late: list[object] = []
    context = ToolContext("run", "call", None)
    with blocker() as stuck, pool_of(1) as pool:

        def work(context: ToolContext[None]) -> Generator[str, None, str | None]:
            stuck.hang()
            if ending == "item":
                yield ending
            return ending if ending == "value" else None

        async with asyncio.TaskGroup() as group:
            items = iterate(work, context=context, threads=pool, on_late=late.append)
            task = group.create_task(last_of(items, late.append))
            await wait_until(stuck.began.is_set)
            task.cancel()
        assert context.cancelled
        stuck.release()
        await wait_until(lambda: late)
    assert late == [None if ending == "nothing" else ending]


async def test_a_cancelled_blocking_generator_needs_no_context() -> None:
    """There is nobody to tell."""
    with blocker() as stuck, pool_of(1) as pool:

        def work() -> Iterator[object]:
            yield stuck.hang()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(last_of(iterate(work, threads=pool), lambda _: None))
            await wait_until(stuck.began.is_set)
            task.cancel()
        assert task.cancelled()
