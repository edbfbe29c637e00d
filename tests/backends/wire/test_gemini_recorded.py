"""Recorded exchanges with Gemini: what was answered keeps its meaning, what was asked can be asked again."""

import time
from collections import Counter
from collections.abc import Mapping

import pytest
from pydantic_core import from_json

from loopbus.backends.contract import Delta, Reply
from loopbus.backends.errors import BackendError
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.failure import Account, failure_of_reply
from loopbus.backends.wire.gemini import GEMINI, GeminiReader
from loopbus.backends.wire.objects import write_object

from ...wire.answering import WAYS, Cut
from ...wire.decoding import restored
from ...wire.meaning import compare
from ...wire.rebuilding import difference
from ...wire.requests_gemini import decode, spelling
from ..recorded import Recording, needs_recordings, recordings

pytestmark = needs_recordings

API = "gemini.generateContent"

REBUILT = 0.9
"""The share of the recorded requests that must come out the same."""

CAUSES: Mapping[str, str] = {
    "responseSchema": "an output goes as responseJsonSchema, which says more, and never as responseSchema",
    "body.generationConfig.stopSequences": "an empty list of stop sequences is left out",
    "body.tools.functionDeclarations.parametersJsonSchema": "a schema that `parameters` can say goes there",
}
"""Why a request comes out otherwise."""


def outcome(recording: Recording, cut: Cut) -> Reply | BackendError:
    """What the wire makes of a recorded answer."""
    account = Account(recording.provider)
    if recording.status >= 400:
        return failure_of_reply(account, recording.status, recording.headers, recording.body, now_s=time.time())
    fold = ReplyFold()
    try:
        for delta in deltas(recording, GeminiReader(account), cut):
            fold.add(delta)
        return fold.reply()
    except BackendError as exc:
        return exc


def deltas(recording: Recording, reader: GeminiReader, cut: Cut) -> list[Delta]:
    """Everything that is read."""
    if not recording.streaming:
        return reader.read_whole(recording.body)
    frames = GEMINI.frames()
    found = [frame for chunk in cut(recording.body) for frame in frames.feed(chunk)] + list(frames.close())
    return [delta for frame in found for delta in reader.read(frame)] + reader.finish()


@pytest.mark.parametrize("way", WAYS)
def test_recorded_answers_mean_what_they_meant(way: str) -> None:
    """Text, calls, stop, counts, thinking and errors, as events and as arrays, however their bytes are cut."""
    found = {each.name: compare(outcome(each, WAYS[way]), each) for each in recordings(API)}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_recorded_array_can_be_read_whole() -> None:
    """Its content type says that it is no stream."""
    arrays = [each for each in recordings(API) if each.streaming and each.body.lstrip().startswith(b"[")]
    assert arrays
    for recording in arrays:
        whole = GeminiReader(Account(recording.provider)).read_whole(recording.body)
        assert whole == deltas(recording, GeminiReader(Account(recording.provider)), WAYS["whole"])


def test_recorded_requests_can_be_asked_again() -> None:
    """Nine in ten come out the same, at the same address, and the others for a reason that is known."""
    causes = Counter([cause for recording in recordings(API) if (cause := why_not(recording))])
    assert causes.keys() <= CAUSES.keys()
    assert causes.total() <= (1 - REBUILT) * len(recordings(API))


def why_not(recording: Recording) -> str:
    """What came out otherwise; empty if all is the same but for the order of keys."""
    body = restored(recording.request.body)
    decoded = decode(body, recording.entry)
    if isinstance(decoded, str):
        return decoded.partition(":")[0]
    request, model = decoded
    assert GEMINI.path(model, recording.streaming).partition("?")[0] in recording.request.url_path
    sent = from_json(write_object(GEMINI.encode(request, model, provider=recording.provider)))
    return difference(spelling(body), sent).partition(":")[0]


def test_there_are_recordings_to_replay() -> None:
    """A moved folder does not turn the tests above into ones that prove nothing."""
    assert len(recordings(API)) > 100
