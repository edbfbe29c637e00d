"""``@tool``: makes a tool of a function."""

import inspect
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypedDict, Unpack, cast, get_args, overload

from typing_extensions import ParamSpec, TypeVar

from .approval import Approval, check_approval
from .arguments import Extra, arguments_of
from .docstring import parse
from .errors import BadTool
from .mistakes import nearest
from .signature import Names, definition, frame_names, read_signature, unfilled
from .tool import Delivery, Tool

P = ParamSpec("P")
R = TypeVar("R")

# What OpenAI and Anthropic both take for a function's name.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_FUNCTIONS = (type, staticmethod, classmethod)


class Options(TypedDict, total=False):
    """What ``@tool(...)`` may be told; each becomes the attribute of ``Tool`` with the same name."""

    name: str
    description: str
    sequential: bool
    resource: str
    timeout_s: float
    delivery: Delivery
    needs_approval: Approval
    strict: bool
    extra: Extra


@overload
def tool(fn: Callable[P, R], /, **options: Unpack[Options]) -> Tool[P, R]: ...
@overload
def tool(**options: Unpack[Options]) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(fn: Callable[..., Any] | None = None, /, **options: Unpack[Options]) -> Any:
    """Make a tool of a function; its signature becomes the schema, its docstring the description.

    ``@tool`` and ``@tool(timeout_s=5)`` both work. Every parameter needs an annotation: anything pydantic knows, with
    ``Annotated[int, Field(ge=1)]`` or ``Annotated[int, "how many"]`` to say more; what the docstring says of it is
    added. A parameter annotated ``ToolContext`` is filled in by the run. ``**kwargs: T`` takes any other arguments.
    An async function runs on the event loop, any other one in a thread. A generator's last item is its result, the
    earlier ones are progress.

    :raises BadTool: the function cannot be a tool, or an option makes no sense; names the tool and the parameter.
    """
    names = frame_names(sys._getframe(1))  # pyright: ignore[reportPrivateUsage] - CPython's and PyPy's only way
    if fn is None:
        return partial(_make, names=names, options=options)
    return _make(fn, names, options)


def as_tool(fn: Tool[..., Any] | Callable[..., Any]) -> Tool[..., Any]:
    """The tool itself, or the tool that ``@tool`` makes of a plain function.

    :raises BadTool: it is neither; or it is a method that no instance was given for.
    """
    if not isinstance(fn, Tool):
        return _make(fn, {}, {})
    if fn.signature.receiver:
        raise BadTool(f"tool {fn.name!r} is a method: pass it with its instance, as in ``tools=[shop.{fn.name}]``")
    return cast(Tool[..., Any], fn)


def _make(fn: Callable[P, R], names: Names, options: Options) -> Tool[P, R]:
    if isinstance(fn, Tool):
        fn = cast(Callable[P, R], fn.fn)
    _check_callable(fn)
    name = options.get("name", _name_of(fn))
    _check_options(name, options)
    said = parse(_doc_of(fn))
    signature = read_signature(fn, name, names)
    arguments = arguments_of(signature, name, said.parameters, options.get("extra", "forbid"))
    settings: Any = {"name": name, "description": said.prose, **options}
    return Tool(fn=fn, parameters=arguments.parameters, signature=signature, check=arguments.check, **settings)


def _name_of(fn: Callable[..., Any]) -> str:
    fn = unfilled(fn)
    return getattr(fn, "__name__", None) or _snake_case(type(fn).__name__)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _doc_of(fn: Callable[..., Any]) -> str | None:
    """What the author wrote: of a callable object, on its ``__call__`` or else on its class."""
    fn = unfilled(fn)
    return definition(fn).__doc__ or (None if inspect.isroutine(fn) else type(fn).__doc__)


def _check_callable(fn: object) -> None:
    if not callable(fn) or issubclass(type(fn), _NO_FUNCTIONS):
        raise BadTool(f"a {type(fn).__name__} cannot be a tool: pass a function, or an object with __call__")


def _check_options(name: str, options: Options) -> None:
    for option in options:
        if option not in Options.__annotations__:
            meant = nearest(option, Options.__annotations__)
            hint = f"did you mean {meant!r}?" if meant else f"there are {', '.join(Options.__annotations__)}"
            raise BadTool(f"tool {name!r}: there is no option {option!r}; {hint}")
    if not _NAME.fullmatch(name):
        raise BadTool(f"tool {name!r}: a name is 1 to 64 letters, digits, '_' or '-'; give one: @tool(name=...)")
    timeout_s = options.get("timeout_s", 1.0)
    if not timeout_s > 0:
        raise BadTool(f"tool {name!r}: timeout_s={timeout_s} is no time; give seconds above 0, or leave it out")
    if options.get("resource", "free") == "":
        raise BadTool(f"tool {name!r}: resource='' names nothing; leave it out")
    check_approval(name, options.get("needs_approval", False))
    for option, type_of_it, given in (
        ("delivery", Delivery, options.get("delivery", "idempotent")),
        ("extra", Extra, options.get("extra", "ignore")),
    ):
        if given not in get_args(type_of_it):
            raise BadTool(f"tool {name!r}: {option}={given!r}; it is one of {', '.join(get_args(type_of_it))}")
