"""What is read out of a function's signature."""

import functools
import sys
import typing
from collections.abc import Callable
from typing import Annotated, Any, NotRequired, TypeVar, Unpack

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from loopbus.tools import BadTool, ToolContext
from loopbus.tools.signature import EMPTY, Parameter, Signature, definition, frame_names, read_signature

T = TypeVar("T")


class Order(BaseModel):
    number: int


class Options(TypedDict, total=False):
    fast: bool


class MoreOptions(Options):
    slow: typing.Required[bool]
    never: NotRequired[int]


def read(fn: Callable[..., Any], /, **names: Any) -> Signature:
    """The signature of ``fn``, where ``names`` are known."""
    return read_signature(fn, "it", names)


def names(fn: Callable[..., Any]) -> list[str]:
    """The parameters that a model may give."""
    return [parameter.name for parameter in read(fn).parameters]


def test_a_plain_signature() -> None:
    """Annotations and defaults are read as they stand, ``Annotated`` included."""

    async def fn(a: int, b: Annotated[str, "why"] = "x", *, c: list[Order] | None = None) -> None: ...

    assert read(fn) == Signature(
        (
            Parameter("a", int),
            Parameter("b", Annotated[str, "why"], "x"),
            Parameter("c", list[Order] | None, None),
        ),
        context=None,
        positional=(),
        others=EMPTY,
    )


def test_positional_only_parameters_are_remembered_in_order() -> None:
    """They cannot be given by name, so a call has to know them."""

    def fn(a: int, context: ToolContext[None], b: int, /, c: int) -> None: ...

    read_as = read(fn)
    assert read_as.positional == ("a", "context", "b")
    assert [parameter.name for parameter in read_as.parameters] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "annotation",
    [
        ToolContext,
        ToolContext[Order],
        ToolContext[Order] | None,
        typing.Optional[ToolContext],  # noqa: UP045 - the older way to write it is a different object
        Annotated[ToolContext[Order], "hidden"],
        "ToolContext[Order]",
        "tools.ToolContext[OnlyForTypeCheckers]",
    ],
)
def test_a_context_is_filled_in_wherever_it_stands(annotation: Any) -> None:
    """The model never sees it, and what stands in its brackets need not exist at run time."""

    def fn(a: int, here: Any, b: int) -> None: ...

    fn.__annotations__["here"] = annotation
    read_as = read(fn, ToolContext=ToolContext)
    assert read_as.context == "here"
    assert [parameter.name for parameter in read_as.parameters] == ["a", "b"]


@pytest.mark.parametrize(
    ("annotation", "needed"),
    [
        (ToolContext[Order], "Order"),
        (Annotated[ToolContext[Order] | None, "hidden"], "Order"),
        ("ToolContext[int]", "int"),
        (ToolContext, ""),
        (ToolContext[None], ""),
        (ToolContext[Any], ""),
        (ToolContext[Order | None], ""),
        (ToolContext[typing.TypeVar("T")], ""),
        ("ToolContext[OnlyForTypeCheckers]", ""),
    ],
)
def test_a_context_says_whether_there_must_be_deps(annotation: Any, needed: str) -> None:
    """By the type in its brackets, unless that may be nothing, or cannot be told at run time."""

    def fn(here: Any) -> None: ...

    fn.__annotations__["here"] = annotation
    assert read(fn, ToolContext=ToolContext).deps == needed


def test_two_contexts_are_one_too_many() -> None:
    """The error names both parameters."""

    def fn(a: ToolContext[None], b: ToolContext[None]) -> None: ...

    with pytest.raises(BadTool, match=r"tool 'it', parameter 'b': 'a' is a ToolContext already"):
        read(fn)


def test_arguments_without_names_are_refused() -> None:
    """A model gives arguments by name."""

    def fn(*numbers: int) -> None: ...

    with pytest.raises(BadTool, match=r"parameter '\*numbers'.*take a list"):
        read(fn)


def test_arguments_of_any_name_are_read_with_their_type() -> None:
    """``**kwargs: int`` stands for any further arguments, if they are whole numbers."""

    def fn(a: int, **rest: int) -> None: ...

    assert read(fn).others is int


def test_an_unpacked_typed_dict_is_so_many_parameters() -> None:
    """Which keys are required is read from the typed dict."""

    def fn(**options: Unpack[MoreOptions]) -> None: ...

    assert read(fn).others is EMPTY
    assert {parameter.name: parameter.annotation for parameter in read(fn).parameters} == {
        "fast": NotRequired[bool],
        "slow": bool,
        "never": NotRequired[int],
    }


def test_a_parameter_without_annotation_is_refused() -> None:
    """The error names tool and parameter, and says what to write."""
    fn: Callable[..., Any] = eval("lambda a: a")
    with pytest.raises(BadTool, match=r"tool 'it', parameter 'a': it has no annotation.*JsonValue"):
        read(fn)


def test_an_annotation_that_leads_nowhere_is_refused() -> None:
    """A type that only type checkers import cannot be described; the error names the parameter and the type."""

    def fn(a: int) -> None: ...

    fn.__annotations__["a"] = "list[Nowhere]"
    with pytest.raises(BadTool, match=r"parameter 'a': .*'Nowhere' is not defined"):
        read(fn)


def test_what_a_function_returns_is_not_looked_at() -> None:
    """An unknown type there does no harm."""

    def fn(a: int) -> None: ...

    fn.__annotations__["return"] = "Nowhere"
    assert names(fn) == ["a"]


def test_texts_are_resolved_where_the_function_was_written() -> None:
    """Module globals and the local names at the decorator are known, nested references too."""

    class Local(BaseModel): ...

    def fn(a: "Order", b: int, c: "list['Local']") -> None: ...

    found = read(fn, **frame_names(sys._getframe(0))).parameters  # pyright: ignore[reportPrivateUsage] - as @tool does
    assert [parameter.annotation for parameter in found] == [Order, int, list[Local]]


def test_a_class_body_sees_the_names_of_the_function_around_it() -> None:
    """Names at a decorator are those of all class bodies up to the function, the inner ones first."""
    outer = shadowed = "function"

    class Body:
        shadowed = inner = "class"
        seen = frame_names(sys._getframe(0))  # pyright: ignore[reportPrivateUsage] - as @tool does

    assert (Body.seen["outer"], Body.seen["inner"], Body.seen["shadowed"]) == (outer, "class", "class")
    assert shadowed == "function"


def test_at_module_level_there_are_no_local_names() -> None:
    """The module's own names are found through the function."""
    namespace: dict[str, Any] = {"frame_names": frame_names, "sys": sys}
    exec("found = frame_names(sys._getframe(0))", namespace)
    assert namespace["found"] == {}
    assert frame_names(None) == {}


def test_what_a_partial_has_filled_is_hidden() -> None:
    """Its values may be secrets: neither the name nor the default is read."""

    def fn(a: int, key: str, b: int, c: int) -> None: ...

    assert names(functools.partial(fn, 1, key="secret")) == ["b", "c"]
    assert names(functools.partial(functools.partial(fn, key="secret"), c=3)) == ["a", "b"]


class Shop:
    def sell(self, a: int) -> None: ...

    @classmethod
    def open(cls, a: int) -> None: ...

    @staticmethod
    def ring(a: int) -> None: ...

    def __call__(self, b: int) -> None: ...


def decorated(fn: Callable[..., T]) -> Callable[..., T]:
    """``fn`` behind a decorator that takes anything."""

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        return fn(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize("fn", [Shop().sell, Shop.open, Shop.ring, decorated(Shop().sell)])
def test_methods_and_decorated_functions_are_read_through(fn: Callable[..., Any]) -> None:
    """What binds them is no parameter."""
    assert names(fn) == ["a"]
    assert not read(fn).receiver


def test_a_callable_object_is_read_at_its_call() -> None:
    """Its ``self`` is no parameter."""
    assert names(Shop()) == ["b"]


def test_a_method_that_is_not_bound_is_known_as_such() -> None:
    """``self`` is left out, and remembered; a function inside a function has no ``self``."""

    def local(self: int) -> None: ...

    assert (names(Shop.sell), read(Shop.sell).receiver) == (["a"], True)
    assert (names(local), read(local).receiver) == (["self"], False)


def test_a_function_without_a_signature_is_refused() -> None:
    """Some of C's have none."""
    with pytest.raises(BadTool, match="its signature cannot be read"):
        read(type)


def test_the_definition_is_found_behind_everything() -> None:
    """Partials, bound methods, decorators and objects end in a function that somebody wrote."""
    assert definition(functools.partial(functools.partial(Shop().sell, 1))) is Shop.sell
    assert definition(decorated(Shop.ring)) is Shop.ring
    assert definition(Shop()) is Shop.__call__
