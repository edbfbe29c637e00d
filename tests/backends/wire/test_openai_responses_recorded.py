"""What was recorded of the Responses API to be answered and to be asked, through this codec alone."""

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from loopbus.backends.contract import Delta, Reply, Request
from loopbus.backends.errors import BackendError
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.failure import Account, failure_of_reply
from loopbus.backends.wire.openai_responses import OPENAI_RESPONSES
from loopbus.backends.wire.openai_responses_request import encode
from loopbus.events.content import Message

from ...wire.decoding import restored
from ...wire.meaning import compare
from ...wire.rebuilding import difference
from ...wire.requests_openai_responses import decode, spelled_out
from ..cuts import cut_at
from ..recorded import Recording, needs_recordings, recordings

pytestmark = needs_recordings

API = OPENAI_RESPONSES.name

NOT_REBUILT: Mapping[str, str] = {
    "bedrock-mantle-openai_responses-plain-78c9874cab": "a message under the id that it is stored by",
    "openai-openai_responses-plain-ea026da709": "a message under the id that it is stored by",
    "openai-openai_responses-plain-f3284ef2b1": "a tool that is only loaded when it is searched for",
    "openai-openai_responses-stream-4866d7f9a6": "a tool that is only loaded when it is searched for",
    "openai-openai_responses-stream-fe83152241": "a tool that is only loaded when it is searched for",
}


def replay(recording: Recording, chunks: Sequence[bytes]) -> Reply | BackendError:
    """What the codec makes of a recorded answer."""
    account = Account(recording.provider)
    if recording.status != 200:
        return failure_of_reply(account, recording.status, recording.headers, recording.body, now_s=0)
    reader, frames, fold = OPENAI_RESPONSES.answer(account), OPENAI_RESPONSES.frames(), ReplyFold()
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
    cuts = [[body]]
    if recording.streaming:
        cuts += [cut_at(body, list(range(1, len(body)))), cut_at(body, at_random)]
    for chunks in cuts:
        assert compare(replay(recording, chunks), recording) == []


@pytest.mark.parametrize(
    "recording",
    [found for found in recordings(API) if found.request.recorded and found.name not in NOT_REBUILT],
    ids=lambda recording: recording.name,
)
def test_a_recorded_request_is_rebuilt_from_our_own_types(recording: Recording) -> None:
    """The same JSON, but for the order of keys and for what the API documents as shorthand."""
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


def test_an_answer_goes_back_as_clients_were_recorded_to_send_it_back() -> None:
    """Of a client that keeps no ids either: what its next request holds of an answer is what we make of that answer."""
    turns = [
        found for found in recordings(API) if found.entry["source_repo"] == "crmne/ruby_llm" and found.status == 200
    ]
    turns.sort(key=lambda found: (found.entry["conversation"], found.entry["turn"]))
    compared = 0
    for earlier, later in pairwise(turns):
        if earlier.entry["conversation"] != later.entry["conversation"]:
            continue
        reply = replay(earlier, [earlier.body])
        assert isinstance(reply, Reply)
        ours = encode(Request([Message("assistant", reply.content)]), "m", provider=earlier.provider)
        expected = spelled_out(later.request.body)["input"]
        begun = len(earlier.request.body["input"])
        sent = spelled_out(ours)["input"]
        # Long sealed reasoning was left out of the recorded requests.
        if "<elided" not in str(expected[begun:]):
            compared += 1
            for item in sent:
                item.pop("phase", None)
            assert expected[begun : begun + len(sent)] == sent, later.name
    assert compared > 10
