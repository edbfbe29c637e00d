"""How each kind of function is called: a coroutine as it is, anything that may block on a thread."""

import inspect
from asyncio import CancelledError
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing, suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

from .context import ToolContext
from .errors import ToolCapacityError
from .job import OnLate
from .signature import unfilled
from .threads import ThreadPool

Kind = Literal["async", "sync", "generator"]
Running = Awaitable[object] | AsyncGenerator[object, None]
"""A call under way: await it; or, for a generator, iterate it: the last item is the result, the others are progress."""


class Begin(Protocol):
    """Begins a call of one sort of function."""

    def __call__(
        self,
        fn: Callable[..., Any],
        kwargs: Mapping[str, Any],
        context: ToolContext[Any] | None,
        threads: ThreadPool,
        on_late: OnLate | None,
    ) -> Running: ...


class Manner(NamedTuple):
    """How a function is to be called. ``begin`` is None where calling it is all there is to do."""

    kind: Kind
    begin: Begin | None


def manner_of(fn: Callable[..., Any]) -> Manner:
    """How to call ``fn``: a function, a bound method, a ``functools.partial`` or an object with ``__call__``."""
    fn = unfilled(fn)
    if not inspect.isroutine(fn):
        fn = type(fn).__call__
    return next(manner for applies, manner in _MANNERS if applies(fn))


def by_name(fn: Callable[..., Any], positional: tuple[str, ...]) -> Callable[..., Any]:
    """``fn``, to be called with keyword arguments only, those for its positional-only parameters among them."""
    if not positional:
        return fn

    def call(**kwargs: Any) -> Any:
        return fn(*[kwargs.pop(name) for name in positional], **kwargs)

    return call


async def last_of(items: AsyncGenerator[object, None], on_progress: Callable[[object], None]) -> object:
    """Run a generator's call to its end: its last item is returned, each earlier one is handed to ``on_progress``.

    Which item is the last is known only at the next one, so each is handed on when its successor comes. Returns None
    for a generator that yields nothing. Leaving early closes the generator.
    """
    item: object = None
    began = False
    async with aclosing(items):
        async for later in items:
            if began:
                on_progress(item)
            item, began = later, True
    return item


async def _call_in_thread(
    fn: Callable[..., Any],
    kwargs: Mapping[str, Any],
    context: ToolContext[Any] | None,
    threads: ThreadPool,
    on_late: OnLate | None,
) -> object:
    try:
        result = await threads.submit(partial(fn, **kwargs), on_late)
    except (CancelledError, GeneratorExit):
        if context is not None:
            context.cancel()
        raise
    # A plain function around a coroutine function, as decorators make them, hands its coroutine out.
    return await result if inspect.isawaitable(result) else result


async def _step_in_thread(
    fn: Callable[..., Generator[object, None, object]],
    kwargs: Mapping[str, Any],
    context: ToolContext[Any] | None,
    threads: ThreadPool,
    on_late: OnLate | None,
) -> AsyncGenerator[object, None]:
    """Drive a blocking generator one item at a time, so that it holds a thread only while it works.

    What it returns, unless that is None, becomes its last item.
    """
    generator = fn(**kwargs)
    # One context for all steps, or a variable set before a ``yield`` would be lost after it.
    variables = copy_context()
    late = on_late and partial(_tell_late_step, on_late)
    try:
        while (item := await threads.submit(lambda: variables.run(_step, generator), late)) is not _EXHAUSTED:
            if isinstance(item, _Returned):
                yield item.value
                return
            yield item
    except CancelledError:
        # The step under way cannot be stopped, nor the generator closed before it ends; then its last reference goes.
        if context is not None:
            context.cancel()
        raise
    except GeneratorExit:
        # Without a thread to close it on, it is closed when its last reference goes.
        with suppress(ToolCapacityError):
            await threads.submit(lambda: variables.run(generator.close))
        raise


class _Returned(NamedTuple):
    value: object


_EXHAUSTED = object()


def _step(generator: Generator[object, None, object]) -> object:
    try:
        return next(generator)
    except StopIteration as stop:
        return _EXHAUSTED if stop.value is None else _Returned(stop.value)


def _tell_late_step(on_late: OnLate, item: object) -> None:
    on_late(item.value if isinstance(item, _Returned) else None if item is _EXHAUSTED else item)


_MANNERS: tuple[tuple[Callable[[Any], bool], Manner], ...] = (
    (inspect.iscoroutinefunction, Manner("async", None)),
    (inspect.isasyncgenfunction, Manner("generator", None)),
    (inspect.isgeneratorfunction, Manner("generator", _step_in_thread)),
    (callable, Manner("sync", _call_in_thread)),
)
