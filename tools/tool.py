"""A function that a model may call, with everything a run must know about it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, cast

from pydantic import JsonValue
from pydantic_core import to_json
from typing_extensions import ParamSpec, TypeVar

from .approval import Approval
from .arguments import Check, Extra
from .context import ToolContext
from .errors import InvalidArguments
from .invoke import Kind, Running, by_name, manner_of
from .job import OnLate
from .mistakes import tell
from .signature import Signature
from .threads import ThreadPool, shared_threads

P = ParamSpec("P", default=...)
R = TypeVar("R", default=Any)

Delivery = Literal["at_most_once", "idempotent"]
"""What a crash in the middle of a call means: its outcome is unknown, or it is run again with the same key."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Tool(Generic[P, R]):
    """A function, how it is described to a model, and how a run must treat it. Calling it calls the function.

    Made by ``@tool`` and ``as_tool``.
    """

    fn: Callable[P, R]
    name: str
    description: str
    parameters: Mapping[str, JsonValue]
    """JSON schema of the arguments; always an object."""
    sequential: bool = False
    """No other tool of the same reply runs beside it."""
    resource: str | None = None
    """Tools that name the same resource run one after another."""
    timeout_s: float | None = None
    delivery: Delivery = "at_most_once"
    needs_approval: Approval = False
    strict: bool = False
    """The provider keeps the model to the schema, where it can. Optional arguments it may then have to give."""
    extra: Extra = "forbid"
    """Whether an argument that the function does not have is a mistake, or is left out."""
    signature: Signature
    check: Check
    """Pydantic's own validation; ``validate`` is the one that speaks to the model."""
    kind: Kind = field(init=False)
    takes_context: bool = field(init=False)
    _begin: Any = field(init=False)
    _by_name: Callable[..., Any] = field(init=False)
    _schema_hash: str = field(init=False, default="")

    def __post_init__(self) -> None:
        manner = manner_of(self.fn)
        derived = {
            "kind": manner.kind,
            "takes_context": self.signature.context is not None,
            "_begin": manner.begin,
            "_by_name": by_name(self.fn, self.signature.positional),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fn(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> "Tool[..., R]":
        """A tool among the methods of a class: reached through an instance, it is a tool of that instance."""
        if instance is None or not self.signature.receiver:
            return self
        bound: Any = self.fn
        return replace(self, fn=bound.__get__(instance, owner), signature=replace(self.signature, receiver=False))

    def __repr__(self) -> str:
        return f"Tool({self.name!r}, {self.kind})"

    @property
    def __wrapped__(self) -> Callable[P, R]:
        """What ``inspect.signature`` looks at."""
        return self.fn

    @property
    def schema_hash(self) -> str:
        """SHA-256 of the name and the schema: another one means that arguments checked before must be checked again."""
        if not self._schema_hash:
            digest = hashlib.sha256(to_json([self.name, self.parameters])).hexdigest()
            object.__setattr__(self, "_schema_hash", digest)
        return self._schema_hash

    def validate(self, arguments: Mapping[str, JsonValue]) -> dict[str, Any]:
        """Check what a model sent and return it as keyword arguments, models and enums built, defaults filled in.

        Pydantic's lax rules hold, because models send ``"5"`` for 5.

        :raises InvalidArguments: its text names each field, what was expected, what came, and the nearest valid name.
        """
        try:
            return self.check(arguments)
        except Exception as error:
            # Not only pydantic's own error: a validator in the user's models may raise anything.
            raise InvalidArguments(tell(self.name, self.parameters, error)) from error

    def call(
        self,
        kwargs: dict[str, Any],
        context: ToolContext[Any] | None = None,
        threads: ThreadPool | None = None,
        on_late: OnLate | None = None,
    ) -> Running:
        """Begin a call with validated arguments; ``context`` is added to them if the function wants it.

        Returns an awaitable, or, for the kind ``generator``, an async generator whose last item is the result. An
        async function's own coroutine is returned as it is. A sync function runs in ``threads`` (the process's own
        pool if None); when its caller is cancelled it goes on there, ``context.cancelled`` becomes true, and
        ``on_late`` is told on the event loop what came of it.
        """
        if self.takes_context:
            kwargs[cast(str, self.signature.context)] = context
        if self._begin is None:
            return self._by_name(**kwargs)
        return self._begin(self._by_name, kwargs, context, threads or shared_threads(), on_late)
