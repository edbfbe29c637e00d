"""What only Gemini was recorded to do: to stream an array of JSON, which its content type calls an answer like any."""

from loopbus.backends.wire.account import Account
from loopbus.backends.wire.gemini import GeminiReader
from loopbus.backends.wire.gemini_frames import GeminiFrames

from ..recorded import needs_recordings, recordings


@needs_recordings
def test_a_recorded_array_can_be_read_whole() -> None:
    """Its content type says that it is no stream: what is read is the same."""
    arrays = [
        each
        for each in recordings("gemini.generateContent")
        if each.streaming and each.body.lstrip().startswith(b"[") and each.status < 400
    ]
    assert arrays
    for recording in arrays:
        account = Account(recording.provider)
        frames, streamed = GeminiFrames(), GeminiReader(account)
        deltas = [delta for frame in frames.feed(recording.body) for delta in streamed.read(frame)]
        assert GeminiReader(account).read_whole(recording.body) == deltas + streamed.finish()
