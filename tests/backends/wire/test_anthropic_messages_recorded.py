"""What Anthropic was recorded to answer and to be asked, through this codec alone."""

import random
from collections.abc import Mapping, Sequence

import pytest

from loopbus.backends.contract import Delta, Reply
from loopbus.backends.errors import BackendError
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.anthropic_messages import ANTHROPIC_MESSAGES
from loopbus.backends.wire.anthropic_messages_request import encode
from loopbus.backends.wire.failure import Account, failure_of_reply

from ...wire.decoding import restored
from ...wire.meaning import compare
from ...wire.rebuilding import difference
from ...wire.requests_anthropic import decode, spelled_out
from ..cuts import cut_at
from ..recorded import Recording, needs_recordings, recordings

pytestmark = needs_recordings

API = ANTHROPIC_MESSAGES.name

NOT_REBUILT: Mapping[str, str] = {
    "anthropic-anthropic_messages-plain-0cd565c1fb": "a tool's result that refers to another tool",
    "anthropic-anthropic_messages-plain-66b0d565f3": "a tool's result that refers to another tool",
    "anthropic-anthropic_messages-plain-cd6955eee8": "a tool's result that holds a file by its id",
    "anthropic-anthropic_messages-plain-54433489d9": "no request: the provider refused it",
    "anthropic-anthropic_messages-stream-adde91681e": "a result whose id is not that of its call: ours is",
    "anthropic-anthropic_messages-stream-e5b5e74f56": "a result whose id is not that of its call: ours is",
}


def replay(recording: Recording, chunks: Sequence[bytes]) -> Reply | BackendError:
    """What the codec makes of a recorded answer."""
    account = Account(recording.provider)
    reader, frames, fold = ANTHROPIC_MESSAGES.answer(account), ANTHROPIC_MESSAGES.frames(), ReplyFold()
    if recording.status != 200:
        return failure_of_reply(account, recording.status, recording.headers, recording.body, now_s=0)
    deltas: list[Delta] = []
    if recording.streaming:
        for chunk in chunks:
            deltas.extend(delta for frame in frames.feed(chunk) for delta in reader.read(frame))
        deltas.extend(delta for frame in frames.close() for delta in reader.read(frame))
        deltas.extend(reader.finish())
    else:
        deltas.extend(reader.read_whole(recording.body))
    for delta in deltas:
        fold.add(delta)
    return fold.reply()


@pytest.mark.parametrize("recording", recordings(API), ids=lambda recording: recording.name)
def test_a_recorded_answer_means_what_it_meant(recording: Recording) -> None:
    """Text, calls, stop, usage, reasoning or error, however its bytes are cut."""
    body = recording.body
    at_random = random.Random(body).choices(range(len(body) + 1), k=30)
    for chunks in ([body], cut_at(body, list(range(1, len(body)))), cut_at(body, at_random)):
        assert compare(replay(recording, chunks), recording) == []


@pytest.mark.parametrize(
    "recording",
    [found for found in recordings(API) if found.request.recorded and found.name not in NOT_REBUILT],
    ids=lambda recording: recording.name,
)
def test_a_recorded_request_is_rebuilt_from_our_own_types(recording: Recording) -> None:
    """The same JSON, but for the order of keys and for what the provider documents as shorthand."""
    body = restored(recording.request.body)
    decoded = decode(body, recording.entry)
    assert not isinstance(decoded, str)
    request, model = decoded
    rebuilt = encode(request, model, provider=recording.provider)
    assert difference(spelled_out(body), spelled_out(rebuilt)) == ""


def test_nine_in_ten_recorded_requests_are_rebuilt() -> None:
    """The table of those that are not stays short, and names only what is there."""
    asked = {recording.name for recording in recordings(API) if recording.request.recorded}
    assert asked >= NOT_REBUILT.keys()
    assert len(NOT_REBUILT) <= len(asked) / 10
