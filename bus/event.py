"""The base of every event: frozen, named, versioned, stamped once."""

from collections.abc import Callable
from typing import Any, ClassVar, ParamSpec, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from .errors import AlreadyPublished
from .registry import register
from .selector import Selector

P = ParamSpec("P")
E = TypeVar("E", bound="Event")

_set_fields = BaseModel.__dict__["__dict__"].__set__
"""Gives an event its fields, past the frozen front door."""


class _Always:
    """One of the three slots that a pydantic model has beside its fields, empty in every event and filled by nobody."""

    def __init__(self, empty: Callable[[], set[str] | None]) -> None:
        self._empty = empty

    def __get__(self, event: object, owner: object = None) -> set[str] | None:
        return self._empty()

    def __set__(self, event: object, value: object) -> None:
        # Which fields were given explicitly is of no use to anyone, and a set of its own is half of an event's memory.
        pass


class Event(BaseModel):
    """Something that happened, or is wished for, in one run.

    ``run_id``, ``seq``, ``at`` (seconds since the epoch) and ``cause`` are stamped when the event is published; a
    handler that makes an event leaves them alone. A *durable* event is appended to its run's log and ``seq`` is its
    place there (1, 2, 3 ... without a gap); an *ephemeral* one is never stored and ``seq`` is the durable event that
    it belongs to. ``cause`` is the ``seq`` of the event that made this one happen, 0 for the first.

    A class is registered under its own name, or under ``name=``, and ``version=`` (1 unless said)::

        class OrderShipped(Custom, name="shop.order_shipped", version=2):
            order_id: int
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), ser_json_inf_nan="strings")

    event_name: ClassVar[str] = "Event"
    event_version: ClassVar[int] = 1
    durable: ClassVar[bool] = True
    may_change: ClassVar[frozenset[str]] = frozenset()
    """The fields that a policy may answer with another value."""
    wish: ClassVar[bool] = False
    """Whether it only asks for something: a refused wish stays in the log, with its refusal behind it."""

    run_id: str = ""
    seq: int = 0
    at: float = 0.0
    cause: int = 0

    def __init_subclass__(
        cls, *, name: str | None = None, version: int = 1, abstract: bool = False, **rest: Any
    ) -> None:
        super().__init_subclass__(**rest)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, name: str | None = None, version: int = 1, abstract: bool = False, **rest: Any
    ) -> None:
        super().__pydantic_init_subclass__(**rest)
        if not cls.model_config.get("frozen"):
            raise TypeError(f"{cls.__name__} must stay frozen: every subscriber is handed the same event")
        cls.event_name = name or cls.__name__
        cls.event_version = version
        if not abstract:
            register(cls)

    @classmethod
    def where(cls, **fields: object) -> Selector[Self]:
        """Select only the events whose ``fields`` equal these values.

        :raises BadSelector: the class has no such field.
        """
        return Selector((cls,), fields)

    def merged(self, later: "Event") -> "Event | None":
        """This event and the one right after it as one, for a reader that fell behind; None where they stay two."""
        return None

    def vetoed(self, reason: str) -> "Event | None":
        """The result that stands in for what a policy refused; None for an event that cannot be refused."""
        return None

    def answered_by(self, other: "Event") -> bool:
        """Whether a policy may let ``other`` stand in for what would have come of this event."""
        return False


for _slot, _empty in {
    "__pydantic_fields_set__": set[str],
    "__pydantic_extra__": lambda: None,
    "__pydantic_private__": lambda: None,
}.items():
    setattr(Event, _slot, _Always(_empty))


def unchecked(event_class: Callable[P, E]) -> Callable[P, E]:
    """A class's constructor without the checks at run time: for our own code, where the type checker has made them.

    It takes 0.3 us where the checking one takes 0.8 to 1.8, so it is written out for each class, as ``dataclasses``
    does. It takes everything but the stamp. What comes from outside goes through the class itself.
    """
    made = cast("type[E]", event_class)
    stamped = Event.model_fields
    fields = {name: field for name, field in made.model_fields.items() if name not in stamped}
    defaults = {f"_{name}": field.default for name, field in fields.items() if not field.is_required()}
    needed = [name for name, field in fields.items() if field.is_required()]
    parameters = ", ".join([*needed, *(f"{name}=_{name}" for name in fields if name not in needed)])
    blank = [f"{name!r}: {field.default!r}" for name, field in stamped.items()]
    values = ", ".join([*blank, *(f"{name!r}: {name}" for name in fields)])
    source = f"""def make({parameters}):
    event = new(made)
    set_fields(event, {{{values}}})
    return event
"""
    names = {**defaults, "set_fields": _set_fields, "made": made, "new": made.__new__}
    exec(source, names)
    return cast("Callable[P, E]", names["make"])


def revive(event_class: type[E], fields: dict[str, Any]) -> E:
    """The event that has these very ``fields``, which were an event's ``__dict__``."""
    event = event_class.__new__(event_class)
    _set_fields(event, fields)
    return event


def stamp(event: Event, run_id: str, seq: int, at: float, cause: int) -> None:
    """Give a new event its place in the run: the one write that a frozen event ever sees.

    :raises AlreadyPublished: it has a place already; publish a copy instead.
    """
    fields: dict[str, Any] = event.__dict__  # pyright: ignore[reportAssignmentType]  # taken for the class's own
    if fields["seq"]:
        raise already_published(event)
    fields["run_id"] = run_id
    fields["seq"] = seq
    fields["at"] = at
    fields["cause"] = cause


def already_published(event: Event) -> AlreadyPublished:
    """What is wrong with an event that has a place already."""
    return AlreadyPublished(
        f"{type(event).__name__} is event {event.seq} of run {event.run_id} already; publish a new event instead"
    )
