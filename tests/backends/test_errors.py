"""Errors say who is to blame and whether to ask again."""

import inspect

import pytest

from loopbus.backends import errors
from loopbus.backends.errors import (
    BackendError,
    Broken,
    Busy,
    ContextOverflow,
    Garbled,
    Incomplete,
    Misunderstood,
    NotConfigured,
    Refused,
    ScriptExhausted,
)
from loopbus.events.content import Text
from loopbus.events.errors import LoopbusError


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        (NotConfigured, False),
        (Refused, False),
        (ContextOverflow, False),
        (Busy, True),
        (Broken, True),
        (Incomplete, True),
        (Misunderstood, False),
        (Garbled, True),
        (ScriptExhausted, False),
    ],
)
def test_each_class_says_whether_to_ask_again(kind: type[BackendError], retryable: bool) -> None:
    """Before one is raised, too; and all of them are ours."""
    assert kind.retryable is retryable
    assert kind("words").retryable is retryable
    assert issubclass(kind, LoopbusError)


def test_the_tree_at_the_head_of_the_file_is_the_tree() -> None:
    """Every class is drawn, under its base, and nothing else is."""
    drawn: list[tuple[str, str]] = []
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines()[2:]:
        depth = (len(line) - len(line.lstrip())) // 2
        path[depth:] = [line.split()[0]]
        drawn.append((path[-1], path[-2] if depth else "LoopbusError"))
    found = {
        (name, kind.__bases__[0].__name__)
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, BackendError)
    }
    assert set(drawn) == found
    assert len(drawn) == len(found)


def test_an_error_knows_where_it_comes_from() -> None:
    """As far as it is known."""
    error = Busy("slow down", retry_after_s=2, provider="acme", status=429, code="rate_limit")
    assert (str(error), error.retry_after_s) == ("slow down", 2)
    assert (error.provider, error.status, error.code) == ("acme", 429, "rate_limit")
    bare = Refused("no")
    assert (bare.provider, bare.status, bare.code) == ("", None, "")
    assert Incomplete("cut", partial=(Text("half"),)).partial == (Text("half"),)


def test_a_frame_is_quoted_up_to_a_limit() -> None:
    """Enough to see what came, not a megabyte of it."""
    error = Misunderstood("no JSON", frame=b"x" * 1_000_000)
    assert error.frame == b"x" * 500
    assert len(str(error)) < 600
    assert str(Misunderstood("nothing")) == "nothing"
