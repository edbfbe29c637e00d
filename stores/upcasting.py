"""How events of older versions are brought up to date: one small function for each step, found by name and version."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..bus.words import describe
from .errors import StoreMisused, UpcastFailed

Fields = dict[str, Any]
Upcast = Callable[[Fields], Fields]


class _Step(NamedTuple):
    to: tuple[str, int]
    upcast: Upcast


_steps: dict[tuple[str, int], _Step] = {}


def upcasts(name: str, version: int, *, to: tuple[str, int] | None = None) -> Callable[[Upcast], Upcast]:
    """Register a function that makes the fields of an older event those of the next version, or of event ``to``.

    Such as::

        @upcasts("shop.order_shipped", 1)
        def _(fields: dict[str, Any]) -> dict[str, Any]:
            return {**fields, "carrier": "unknown"}

    It is given a copy, as JSON has it. Steps follow each other until there is no further one. What is stored stays as
    it is. Registering the same function again (a module reloaded) replaces it.

    :raises StoreMisused: another function has this step, or the step leads back to where it began.
    """
    old, new = (name, version), to or (name, version + 1)

    def register(upcast: Upcast) -> Upcast:
        known = _steps.get(old)
        if known is not None and _home(known.upcast) != _home(upcast):
            raise StoreMisused(f"{_home(upcast)} cannot upcast {name!r} version {version}: {_home(known.upcast)} does")
        if old in _path(new):
            raise StoreMisused(f"{_home(upcast)} leads from {name!r} version {version} back to itself")
        _steps[old] = _Step(new, upcast)
        return upcast

    return register


def is_old(name: str, version: int) -> bool:
    """Whether there is a way from this version to a later one."""
    return (name, version) in _steps


def newest(name: str, version: int) -> tuple[str, int]:
    """The name and version that an event has once it is up to date."""
    return _path((name, version))[-1]


def bring_up_to_date(name: str, version: int, fields: Fields, *, run_id: str, seq: int) -> Fields:
    """The fields of the newest version.

    :raises UpcastFailed: a step raised, or answered with something else.
    """
    for old in _path((name, version))[:-1]:
        step = _steps[old]
        try:
            fields = step.upcast(fields)
        except Exception as error:
            raise _failed(old, step, describe(error), run_id, seq) from error
        if not isinstance(fields, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # somebody else's function
            raise _failed(old, step, f"answered with {type(fields).__name__}, not with fields", run_id, seq)
    return fields


def _failed(old: tuple[str, int], step: _Step, what: str, run_id: str, seq: int) -> UpcastFailed:
    return UpcastFailed(
        f"event {seq} of run {run_id}: {_home(step.upcast)}, which upcasts {old[0]!r} version {old[1]}, {what}",
        run_id=run_id, seq=seq,
    )  # fmt: skip


def _path(start: tuple[str, int]) -> list[tuple[str, int]]:
    path = [start]
    while (step := _steps.get(path[-1])) is not None:
        path.append(step.to)
    return path


def _home(upcast: Upcast) -> str:
    return f"{upcast.__module__}.{upcast.__qualname__}"
