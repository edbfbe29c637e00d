"""Who inherits the events of a run that is deleted while forks have them too: the decision, apart from the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Id = TypeVar("Id")
"""How a store calls a run."""


class Branch(NamedTuple, Generic[Id]):
    """A run that goes on from event ``at`` of ``source``; a root has no source, and 0. Its own events begin behind."""

    run: Id
    source: Id | None
    at: int


@dataclass(frozen=True, slots=True)
class Will(Generic[Id]):
    """What becomes of the events that a deleted run had as its own."""

    heir: Id | None
    """Who has those up to ``kept`` as its own from now on; None where nobody else has any of them."""
    kept: int
    moved: Sequence[Branch[Id]]
    """The forks of the deleted run as they are from now on."""


def bequeathed(gone: Branch[Id], forks: Sequence[Branch[Id]]) -> Will[Id]:
    """What is to be done when ``gone`` is deleted, which all of ``forks`` name as their source.

    The fork that has most of its events takes those over and stands where it stood; others that have some are from now
    on forks of that one. A fork that has only what was forked along before is one of the run before.
    """
    sharing = [fork for fork in forks if fork.at > gone.at]
    moved = [Branch(fork.run, gone.source, fork.at) for fork in forks if fork.at <= gone.at]
    if not sharing:
        return Will(None, 0, moved)
    heir = max(sharing, key=lambda fork: fork.at)
    moved += [Branch(fork.run, heir.run, fork.at) for fork in sharing if fork is not heir]
    return Will(heir.run, heir.at, [Branch(heir.run, gone.source, gone.at), *moved])
