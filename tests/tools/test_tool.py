"""A tool as the runtime uses it: validated, then called."""

import hashlib
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from loopbus.tools import InvalidArguments, ThreadPool, Tool, ToolContext, as_tool, tool


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


async def with_context(a: int, context: ToolContext[str]) -> str:
    """Say who calls."""
    return f"{context.deps} {context.call_id} {a}"


async def by_place(a: int, context: ToolContext[str], b: int = 5, /, *, c: int) -> str:
    """Take most of it by place."""
    return f"{a} {context.deps} {b} {c}"


def context() -> ToolContext[str]:
    """A context that leads nowhere."""
    return ToolContext("run", "call", "ann")


async def answer(one: Tool[..., Any], sent: dict[str, Any], **more: Any) -> object:
    """Validate, call, await: what the runtime does."""
    begun = one.call(one.validate(sent), **more)
    assert isinstance(begun, Awaitable)
    return await begun


async def test_an_async_tools_call_is_the_functions_own_coroutine() -> None:
    """Nothing is wrapped around it: awaiting it costs what awaiting the function costs."""
    begun = add.call({"a": 1, "b": 2})
    assert inspect.iscoroutine(begun)
    assert begun.cr_code is add.fn.__code__
    assert await begun == 3


async def test_numbers_come_as_texts_too() -> None:
    """Models send ``"5"`` for 5; pydantic's lax rules take it."""
    assert await answer(add, {"a": "5", "b": 2.0}) == 7
    with pytest.raises(InvalidArguments, match="- a: should be a valid integer"):
        add.validate({"a": 1.5, "b": 2})


@pytest.mark.parametrize(
    ("fn", "sent", "expected"),
    [(with_context, {"a": 1}, "ann call 1"), (by_place, {"a": 1, "c": 2}, "1 ann 5 2")],
)
async def test_the_context_is_put_where_the_function_wants_it(
    fn: Callable[..., Any], sent: dict[str, Any], expected: str
) -> None:
    """By name or by place; the model neither sees it nor can it send one."""
    one = as_tool(fn)
    assert one.takes_context
    assert await answer(one, sent, context=context()) == expected
    with pytest.raises(InvalidArguments, match="context: there is no such argument"):
        one.validate({**sent, "context": {"deps": "mallory"}})


async def test_a_sync_tool_runs_in_the_pool_it_is_given(request: pytest.FixtureRequest) -> None:
    """In the process's own pool if it is given none; on the loop's thread never."""
    import threading

    @tool
    def where() -> str:
        """Say where it runs."""
        return threading.current_thread().name

    with ThreadPool(1, name="given") as pool:
        assert await answer(where, {}, threads=pool) == "given"
    assert await answer(where, {}) == "loopbus-tool"


def test_the_hash_changes_with_name_and_schema_only() -> None:
    """It tells whether arguments that were checked before would be checked alike now."""
    said = json.dumps(["add", add.parameters], separators=(",", ":"), ensure_ascii=False)
    assert add.schema_hash == add.schema_hash == hashlib.sha256(said.encode()).hexdigest()
    assert tool(add, timeout_s=1).schema_hash == add.schema_hash
    assert tool(add, name="plus").schema_hash != add.schema_hash

    async def other(a: int, b: float) -> float:
        return a + b

    assert tool(other, name="add").schema_hash != add.schema_hash


def test_a_tool_cannot_be_changed() -> None:
    """One agent's tools serve any number of runs at a time."""
    with pytest.raises(AttributeError):
        add.timeout_s = 5  # pyright: ignore[reportAttributeAccessIssue] - what the test is about
