"""What real providers answered comes out with the meaning that their own clients gave it, on every wire."""

from collections.abc import Mapping

import pytest

from ..wire.answering import WAYS, WIRES, Cut, replay
from ..wire.meaning import EXCEPTIONS, compare
from .cuts import cut_at_both_ends
from .recorded import needs_recordings, recordings

pytestmark = needs_recordings

QUICK: Mapping[str, Cut] = {**WAYS, "byte by byte": cut_at_both_ends}
"""Every byte of every body is for whoever asks: ``python tests/wire/replay.py``."""
FEW = 5
"""How many recordings may be excepted."""


@pytest.mark.parametrize("way", QUICK)
@pytest.mark.parametrize("api", WIRES)
async def test_recorded_answers_mean_what_they_meant(api: str, way: str) -> None:
    """Text, calls, stop, usage, reasoning, refusal and error of every recorded answer, however a stream is cut."""
    for recording in recordings(api):
        if way != "whole" and not recording.streaming:
            continue
        outcome = await replay(recording, QUICK[way])
        assert compare(outcome.result, recording, outcome.came) == [] or recording.name in EXCEPTIONS, recording.name


def test_every_wire_that_was_recorded_is_spoken() -> None:
    """And there are recordings: a moved folder does not turn the tests above into ones that prove nothing."""
    assert {recording.api for recording in recordings()} == WIRES.keys()
    assert len(recordings()) > 800


def test_exceptions_are_few_and_have_reasons() -> None:
    """Each one is a recording that there is."""
    assert len(EXCEPTIONS) <= FEW
    assert EXCEPTIONS.keys() <= {recording.name for recording in recordings()}
    assert all(EXCEPTIONS.values())
