"""What Cohere, Mistral, Groq and Ollama answered, and were asked, comes out as it was recorded."""

from collections.abc import Mapping

import pytest

from ..backends.recorded import needs_recordings, recordings
from .answering import WAYS, replay
from .meaning import compare
from .rebuilding import rebuild

pytestmark = needs_recordings

APIS: Mapping[str, int] = {
    "cohere.chat": 48,
    "cohere.chat_v1": 9,
    "groq.chat": 20,
    "mistral.chat": 36,
    "ollama.chat": 5,
    "ollama.generate": 3,
}
"""How many exchanges there are at least: a moved folder does not turn the tests below into ones that prove nothing."""

NOT_REBUILT: Mapping[str, str] = {
    "mistral-mistral_chat-plain-2f4d36347d": "reasoning told in several texts is one text to us",
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
async def test_recorded_answers_mean_what_they_meant(api: str, way: str) -> None:
    """Text, calls, stop, usage, reasoning and errors of every recorded answer, however its bytes are cut."""
    assert len(recordings(api)) >= APIS[api]
    for recording in recordings(api):
        outcome = await replay(recording, WAYS[way])
        assert compare(outcome.result, recording, outcome.came) == [], recording.name


@pytest.mark.parametrize("api", APIS)
async def test_recorded_requests_are_built_again(api: str) -> None:
    """The same JSON out of our own types; what is listed with its cause is listed only while it is so."""
    for recording in recordings(api):
        if recording.request.recorded:
            assert bool(await rebuild(recording)) is (recording.name in NOT_REBUILT), recording.name
