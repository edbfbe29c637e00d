"""An agent is put together once, whatever way its limits are said."""

from typing import Any

import pytest

from loopbus.backends import Scripted, text
from loopbus.runtime import Agent, BadInput, Limits
from loopbus.runtime.prepared import Prepared
from loopbus.tools import ThreadPool

OWN = Limits(turns=7)


def test_an_agents_own_limits_are_no_reason_to_put_it_together_again() -> None:
    """Every start says them; only others make other stages."""
    prepared, agent = Prepared(ThreadPool(1)), Agent(Scripted([text("hi")]), limits=OWN)
    ready = prepared.ready(agent, None)
    assert prepared.ready(agent, OWN) is ready
    assert prepared.ready(agent, Limits(turns=3)).stages is not ready.stages
    assert prepared.ready(agent, None) is ready


def test_a_backend_whose_name_is_none_is_refused_before_anything_happens() -> None:
    """It would be written into the log of each of its runs."""
    nameless: Any = 7
    with pytest.raises(BadInput, match=r"Backend\.model=7: give a text"):
        Prepared(ThreadPool(1)).ready(Agent(Scripted([text("hi")], model=nameless)), None)
