"""Reads a function's signature: what a model may give, what the run fills in, what stays hidden."""

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType, NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, NotRequired, Required, TypeVar, Unpack, get_args, get_origin

from typing_extensions import ReadOnly, is_typeddict

from .context import ToolContext
from .errors import BadTool

_CONTEXT_ANNOTATION = re.compile(r"(\w+\.)*ToolContext\b")

Names = Mapping[str, Any]
EMPTY = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument that a model may give."""

    name: str
    annotation: Any
    default: Any = EMPTY


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes."""

    parameters: tuple[Parameter, ...]
    context: str | None
    """The parameter that the run fills with a ``ToolContext``."""
    positional: tuple[str, ...]
    """Parameters that cannot be given by name, in order."""
    others: Any
    """The type of further arguments (``**kwargs: T``); EMPTY where there may be none."""
    receiver: bool = False
    """The function is a method that is not bound yet: its first parameter is ``self``."""
    hidden: frozenset[str] = frozenset()
    """Names that a model must not give, not even where others may be given: they are filled in already."""
    deps: str = ""
    """The type of the deps that the context must have; empty where it may have none, or where that cannot be told."""


def read_signature(fn: Callable[..., Any], tool: str, names: Names) -> Signature:
    """Read ``fn``; ``names`` resolve annotations that are text, besides the globals of the module that defines it.

    Parameters that ``functools.partial`` has filled are hidden: their values may be secrets.

    :raises BadTool: the function has no readable signature, ``*args``, a parameter without an annotation or with one
        that cannot be resolved, or two contexts.
    """
    parameters, receiver = _visible(fn, tool)
    read = _Reading(tool, {**_own_names(fn), **names})
    for parameter in parameters:
        read.take(parameter)
    hidden = frozenset(inspect.signature(definition(fn)).parameters) - {parameter.name for parameter in read.parameters}
    return Signature(
        tuple(read.parameters), read.context, tuple(read.positional), read.others, receiver, hidden, read.deps
    )


def frame_names(frame: FrameType | None) -> Names:
    """The local names at a point in somebody's code: those of its function and of class bodies between."""
    names: dict[str, Any] = {}
    while frame is not None and frame.f_locals is not frame.f_globals:
        names = {**frame.f_locals, **names}
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            break
        frame = frame.f_back
    return names


def unfilled(fn: Callable[..., Any]) -> Callable[..., Any]:
    """What a partial fills in, or ``fn`` itself."""
    while isinstance(fn, partial):
        fn = fn.func
    return fn


def definition(fn: Callable[..., Any]) -> Any:
    """The function in which a partial, a bound method, a decorated function or a callable object ends."""
    fn = unfilled(fn)
    if not inspect.isroutine(fn):
        fn = type(fn).__call__
    return inspect.unwrap(getattr(fn, "__func__", fn))


def _own_names(fn: Callable[..., Any]) -> Names:
    return getattr(definition(fn), "__globals__", {})


def _visible(fn: Callable[..., Any], tool: str) -> tuple[Iterable[inspect.Parameter], bool]:
    """The parameters that are still open, and whether one for ``self`` was left out."""
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError, NameError) as error:
        advice = "wrap it in a function of yours"
        raise BadTool(f"tool {tool!r}: its signature cannot be read ({error}); {advice}") from error
    filled = _filled(fn)
    parameters = [parameter for name, parameter in signature.parameters.items() if name not in filled]
    receiver = bool(parameters) and _is_receiver(fn, parameters[0])
    return parameters[receiver:], receiver


def _filled(fn: object) -> Mapping[str, Any]:
    return fn.keywords if isinstance(fn, partial) else {}


def _is_receiver(fn: Callable[..., Any], first: inspect.Parameter) -> bool:
    if not inspect.isfunction(fn) or first.name != "self" or first.annotation is not EMPTY:
        return False
    owner = fn.__qualname__.rpartition(".")[0]
    return bool(owner) and not owner.endswith("<locals>")


class _Reading:
    """What has been read so far."""

    def __init__(self, tool: str, names: Names) -> None:
        self.tool = tool
        self.names = names
        self.parameters: list[Parameter] = []
        self.context: str | None = None
        self.deps = ""
        self.positional: list[str] = []
        self.others: Any = EMPTY

    def take(self, parameter: inspect.Parameter) -> None:
        name, kind = parameter.name, parameter.kind
        if kind is parameter.VAR_POSITIONAL:
            raise self.bad(f"*{name}", "a model gives arguments by name; take a list instead")
        if kind is parameter.POSITIONAL_ONLY:
            self.positional.append(name)
        if _names_context(parameter.annotation):
            # What stands in its brackets need not exist at run time.
            with suppress(BadTool):
                self.deps = _deps_of(self.resolve(name, parameter.annotation))
            self.take_context(name)
            return
        annotation = self.resolve(name, parameter.annotation)
        if _contexts(annotation):
            self.deps = _deps_of(annotation)
            self.take_context(name)
        elif kind is not parameter.VAR_KEYWORD:
            self.parameters.append(Parameter(name, annotation, parameter.default))
        elif get_origin(annotation) is Unpack and is_typeddict(options := get_args(annotation)[0]):
            self.parameters += _unpacked(options)
        else:
            self.others = annotation

    def take_context(self, name: str) -> None:
        if self.context is not None:
            raise self.bad(name, f"{self.context!r} is a ToolContext already; one is enough")
        self.context = name

    def resolve(self, name: str, annotation: Any) -> Any:
        if annotation is EMPTY:
            raise self.bad(name, "it has no annotation, so no schema; write the type, or JsonValue for any JSON")
        # ``get_type_hints`` of a stand-in: the function's own would evaluate what it returns too.
        stand_in: Any = SimpleNamespace(__annotations__={name: annotation})
        try:
            return typing.get_type_hints(stand_in, {}, dict(self.names), include_extras=True)[name]
        except Exception as error:
            advice = "define or import the type where the tool is defined, not only for type checkers"
            raise self.bad(name, f"its annotation cannot be resolved ({error}); {advice}") from error

    def bad(self, parameter: str, reason: str) -> BadTool:
        return BadTool(f"tool {self.tool!r}, parameter {parameter!r}: {reason}")


def _names_context(annotation: Any) -> bool:
    """Whether it is the text of a context annotation."""
    return isinstance(annotation, str) and _CONTEXT_ANNOTATION.match(annotation) is not None


def _contexts(annotation: Any) -> list[Any]:
    """``ToolContext`` and ``ToolContext[Deps]``, wherever they stand: also annotated, or as arms of a union."""
    if annotation is ToolContext or get_origin(annotation) is ToolContext:
        return [annotation]
    return [context for arm in _arms(annotation) for context in _contexts(arm)]


def _deps_of(annotation: Any) -> str:
    """The type of deps that a context is annotated with; empty where that may be nothing."""
    deps = [get_args(context)[0] for context in _contexts(annotation) if get_args(context)]
    return ", ".join(getattr(each, "__name__", str(each)) for each in deps if not _may_be_none(each))


def _may_be_none(kind: Any) -> bool:
    return kind in (None, NoneType, Any, object) or isinstance(kind, TypeVar) or any(map(_may_be_none, _arms(kind)))


def _arms(annotation: Any) -> tuple[Any, ...]:
    """What an annotation may mean: what it annotates, or the arms of a union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return get_args(annotation)[:1]
    return get_args(annotation) if origin in (typing.Union, UnionType) else ()


def _unpacked(options: Any) -> Iterable[Parameter]:
    """The keys of ``**kwargs: Unpack[SomeTypedDict]``, as parameters of their own."""
    required: frozenset[str] = options.__required_keys__
    for name, annotation in typing.get_type_hints(options, include_extras=True).items():
        while get_origin(annotation) in (Required, NotRequired, ReadOnly):
            annotation = get_args(annotation)[0]
        yield Parameter(name, annotation if name in required else NotRequired[annotation])
