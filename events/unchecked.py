"""Makes frozen values without their checks, for our own code on the path of every turn."""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def unchecked_value(made: Callable[P, T]) -> Callable[P, T]:
    """The constructor of a frozen, slotted dataclass, a third as long: for values that are known to be right.

    A frozen dataclass writes its own fields through ``object.__setattr__``, one call for each. This one fills a twin of
    the same layout that is not frozen, and then makes it one of ``made``. ``__post_init__`` is not called.
    """
    given = fields(cast(Any, made))
    names = [field.name for field in given]
    twin = type(f"Unfrozen{made.__name__}", (), {"__slots__": tuple(names)})
    defaults = {f"_{field.name}": field.default for field in given if field.default is not MISSING}
    source = f"def make({', '.join(map(_parameter, given))}):\n    value = twin()\n"
    source += "".join(f"    value.{name} = {name}\n" for name in names)
    source += "    value.__class__ = made\n    return value\n"
    space = {**defaults, "twin": twin, "made": made}
    exec(source, space)
    return cast("Callable[P, T]", space["make"])


def _parameter(field: Field[Any]) -> str:
    return field.name if field.default is MISSING else f"{field.name}=_{field.name}"
