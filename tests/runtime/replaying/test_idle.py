"""The models and tools of an agent, by what they say of themselves."""

from dataclasses import replace

import pytest

from loopbus.backends import NotConfigured, Request
from loopbus.runtime.replaying.idle import models_of
from loopbus.runtime.replaying.replay import replay_events

from .by_hand import RICH, run_log
from .runs import agent_of


async def test_a_model_known_by_its_name_needs_no_key() -> None:
    """Nobody asks it."""
    name = "openai:gpt-5.2"
    log = await run_log(replace(RICH, lines=["answer"]))
    log[0] = log[0].model_copy(update={"model": name})
    named = [each.model_copy(update={"model": name}) if each.event_name == "ModelRequested" else each for each in log]
    agent = agent_of(RICH, model=name, fallback=["local"])
    assert await replay_events(agent, named) is not None


def test_a_model_that_is_only_named_answers_nothing() -> None:
    """Should anything ever ask it, that is an error of ours and no network call."""
    with pytest.raises(NotConfigured, match="asks no model"):
        models_of(agent_of(RICH, model="openai:gpt-5.2")).first.stream(Request(messages=[]))
