"""``@tool`` and ``as_tool``: what becomes a tool, and what is refused."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from loopbus.tools import BadTool, Tool, as_tool, tool
from loopbus.tools.decorator import Options

from . import future


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers.

    Exactly.

    Args:
        a: The first.
        b: The second.
    """
    return a + b


class HttpSearch:
    """Search the web."""

    def __call__(self, words: str) -> str:
        return words


class Documented:
    """Not this."""

    def __call__(self, words: str) -> str:
        """Search at home."""
        return words


class Desk:
    def __init__(self, owner: str) -> None:
        self.owner = owner

    @classmethod
    def called(cls, owner: str) -> "Desk":
        return cls(owner)

    @tool(timeout_s=5)
    def write(self, text: str, copies: int = 1) -> str:
        """Write something down."""
        return f"{self.owner}: {text * copies}"


@pytest.mark.parametrize(
    ("option", "words"), [("timeout", "did you mean 'timeout_s'"), ("xyz", "there are name, description, sequential")]
)
def test_an_option_that_does_not_exist_is_refused_with_the_nearest(option: str, words: str) -> None:
    """As an error of ours that names the tool, where it is decorated."""
    options: Any = {option: 3}
    with pytest.raises(BadTool, match=f"tool 'tell': there is no option {option!r}; {words}"):

        @tool(**options)
        def tell() -> None: ...


def test_name_description_and_schema_come_from_the_function() -> None:
    """The prose describes the tool, the sections describe its parameters."""
    assert (add.name, add.description) == ("add", "Add two whole numbers.\n\nExactly.")
    assert add.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "description": "The first."},
            "b": {"type": "integer", "description": "The second."},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
    }


async def test_a_tool_is_still_its_function() -> None:
    """It can be called, looked at and unwrapped like the function."""
    assert await add(1, 2) == await add.fn(a=1, b=2) == 3
    assert inspect.signature(add) == inspect.signature(add.fn)
    assert repr(add) == "Tool('add', async)"


def test_without_being_told_a_tool_is_careful() -> None:
    """Nothing is repeated after a crash, nothing unknown is ignored."""
    assert (add.sequential, add.resource, add.timeout_s, add.needs_approval) == (False, None, None, False)
    assert (add.delivery, add.extra) == ("at_most_once", "forbid")


def test_every_option_becomes_an_attribute() -> None:
    """Options go with the decorator's call."""

    @tool(
        name="wire-money",
        description="Send money.",
        sequential=True,
        resource="bank",
        timeout_s=2.5,
        delivery="idempotent",
        needs_approval=True,
        extra="ignore",
    )
    def send() -> None:
        """Not this."""

    assert (send.name, send.description, send.sequential, send.resource) == ("wire-money", "Send money.", True, "bank")
    assert (send.timeout_s, send.delivery, send.needs_approval, send.extra) == (2.5, "idempotent", True, "ignore")


def test_a_tool_can_be_made_again_with_other_options() -> None:
    """``tool(add, name=...)`` is another tool of the same function."""
    plus = tool(add, name="plus")
    assert (plus.name, plus.fn, add.name) == ("plus", add.fn, "add")


@pytest.mark.parametrize(
    ("fn", "name", "description"),
    [
        (HttpSearch(), "http_search", "Search the web."),
        (Documented(), "documented", "Search at home."),
        (functools.partial(add.fn, 1), "add", "Add two whole numbers.\n\nExactly."),
        (Desk("ann").write.fn, "write", "Write something down."),
    ],
)
def test_names_and_descriptions_of_what_is_no_plain_function(
    fn: Callable[..., Any], name: str, description: str
) -> None:
    """Objects are named after their class, partials and methods after their function."""
    assert (as_tool(fn).name, as_tool(fn).description) == (name, description)


def test_as_tool_takes_tools_and_functions() -> None:
    """A tool is passed on as it is."""
    assert as_tool(add) is add
    assert isinstance(as_tool(add.fn), Tool)


def test_a_method_is_a_tool_of_its_instance() -> None:
    """Reached through an instance, ``self`` is filled in; schema and options are the same."""
    desk = Desk("ann")
    assert desk.write("x", copies=2) == "ann: xx"
    assert (desk.write.timeout_s, desk.write.schema_hash) == (5, Desk.write.schema_hash)
    assert Desk.write(desk, "x") == "ann: x"
    assert as_tool(desk.write).name == "write"
    with pytest.raises(BadTool, match=r"tool 'write' is a method: pass it with its instance"):
        as_tool(Desk.write)


def test_a_tool_that_is_no_method_is_not_bound_by_a_class() -> None:
    """A class may keep a tool as an attribute."""

    class Holder:
        add = add

    assert Holder().add is add


def test_postponed_annotations_are_resolved() -> None:
    """``from __future__ import annotations`` makes no difference, also for local types and for methods."""
    assert future.total.takes_context
    assert set(future.total.parameters) == {"type", "properties", "required", "additionalProperties", "$defs"}
    taken = future.local_tool().validate({"drawer": {"size": 1}, "local": {"x": "2"}})
    assert (taken["drawer"].size, taken["local"].x) == (1, 2)


def test_a_type_that_only_type_checkers_know_is_refused() -> None:
    """The error names the tool, the parameter and the type."""
    with pytest.raises(BadTool, match=r"tool 'unknown', parameter 'amount': .*'Decimal'"):
        as_tool(future.unknown)


@pytest.mark.parametrize("thing", [3, "add", None, int, staticmethod(HttpSearch()), vars(Desk)["called"]])
def test_what_is_no_function_is_refused(thing: Any) -> None:
    """The error names what it is, and what would do."""
    with pytest.raises(BadTool, match=f"a {type(thing).__name__} cannot be a tool: pass a function"):
        as_tool(thing)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "no spaces"}, "tool 'no spaces': a name is"),
        ({"name": ""}, "tool '': a name is"),
        ({"name": "x" * 65}, "a name is 1 to 64"),
        ({"timeout_s": 0}, "timeout_s=0 is no time"),
        ({"timeout_s": float("nan")}, "timeout_s=nan is no time"),
        ({"resource": ""}, "resource='' names nothing"),
        ({"delivery": "exactly_once"}, "delivery='exactly_once'; it is one of at_most_once, idempotent"),
        ({"extra": "allow"}, "extra='allow'; it is one of forbid, ignore"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Options, text: str) -> None:
    """Where the tool is defined, with the tool's name."""
    with pytest.raises(BadTool, match=text):
        tool(**options)(add.fn)


def test_a_lambda_needs_a_name() -> None:
    """Its own is none."""
    with pytest.raises(BadTool, match=r"'<lambda>'.*@tool\(name=\.\.\.\)"):
        as_tool(lambda: None)
    assert tool(lambda: None, name="nothing").name == "nothing"
