"""The root of every error of ours."""

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loopbus import LimitReached, Limits, LoopbusError
from loopbus.backends import Busy, Misunderstood, Scripted, call
from loopbus.runtime import Agent
from loopbus.stores import NoSuchRun

from ..faults.house import add


def all_below(error_class: type[LoopbusError]) -> Iterator[type[LoopbusError]]:
    """The class, and every one under it that is loaded."""
    yield error_class
    for below in error_class.__subclasses__():
        yield from all_below(below)


AGAIN: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]


@pytest.mark.parametrize("again", AGAIN)
def test_every_error_crosses_to_another_process_with_what_it_carries(again: Callable[[Any], Any]) -> None:
    """A pool of processes breaks on an error that cannot be read, and the caller would never learn what went wrong."""
    for error_class in set(all_below(LoopbusError)):
        error: Any = error_class.__new__(error_class, "said")
        error.carried = 7
        read = again(error)
        assert (type(read), str(read), read.carried) == (error_class, "said", 7)


def test_errors_made_in_earnest_are_read_as_they_were() -> None:
    """Whatever their constructors take."""
    busy = pickle.loads(pickle.dumps(Busy("slow", retry_after_s=3, provider="acme", status=429)))
    assert (str(busy), busy.retry_after_s, busy.provider, busy.status) == ("slow", 3, "acme", 429)
    garbled = pickle.loads(pickle.dumps(Misunderstood("no JSON", frame=b"{")))
    assert (str(garbled), garbled.frame) == ("no JSON: b'{'", b"{")
    assert pickle.loads(pickle.dumps(NoSuchRun("gone", run_id="a", seq=3))).run_id == "a"
    with pytest.raises(LimitReached) as caught:
        Agent(Scripted(lambda request: call("add", a=1, b=2)), tools=[add]).run_sync("?", limits=Limits(turns=1))
    reached = pickle.loads(pickle.dumps(caught.value))
    assert reached.result == caught.value.result
