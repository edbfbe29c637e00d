"""Recorded traffic of Bedrock: answers mean what they meant, and requests come out of our own types as they went in."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import pytest
from pydantic_core import from_json

from loopbus.backends.contract import Reply
from loopbus.backends.errors import BackendError
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.bedrock_converse import BEDROCK_CONVERSE
from loopbus.backends.wire.bedrock_invoke import BEDROCK_INVOKE
from loopbus.backends.wire.failure import Account, failure_of_reply
from loopbus.backends.wire.objects import write_object
from loopbus.backends.wire.wire import Wire

from ...wire import requests_bedrock
from ...wire.decoding import restored
from ...wire.meaning import compare
from ...wire.rebuilding import difference
from ..cuts import cut_at
from ..recorded import Recording, needs_recordings, recordings

pytestmark = needs_recordings

WIRES: Mapping[str, Wire] = {wire.name: wire for wire in (BEDROCK_CONVERSE, BEDROCK_INVOKE)}

WAYS: Mapping[str, Callable[[bytes], Sequence[bytes]]] = {
    "whole": lambda body: [body],
    "byte by byte": lambda body: cut_at(body, list(range(1, len(body)))),
    "at random": lambda body: cut_at(body, random.Random(body).choices(range(len(body) + 1), k=30)),
}

NOT_REBUILT: Mapping[str, int] = {
    "a cache point between the tools, of one's own choice": 2,
    "a tool's result of several texts": 2,
    # The client sent an object as text; ours sends it as an object, which every family takes.
    "body.messages.content.toolResult.content.text": 1,
    "a prompt that is no conversation": 1,
    "a body of Nova's without its version": 1,
}
"""Why recorded requests do not come out the same, and how many each time."""


def replay(recording: Recording, cut: Callable[[bytes], Sequence[bytes]]) -> Reply | BackendError:
    """What our reader makes of the recorded bytes."""
    account = Account(recording.provider)
    if recording.status >= 400:
        return failure_of_reply(account, recording.status, recording.headers, recording.body, now_s=0)
    wire = WIRES[recording.api]
    frames, answer, fold = wire.frames(), wire.answer(account), ReplyFold()
    try:
        if recording.streaming:
            for frame in chain.from_iterable(frames.feed(chunk) for chunk in cut(recording.body)):
                for delta in answer.read(frame):
                    fold.add(delta)
            frames.close()
            last = answer.finish()
        else:
            last = answer.read_whole(recording.body)
        for delta in last:
            fold.add(delta)
        return fold.reply()
    except BackendError as error:
        return error


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", WIRES)
def test_recorded_answers_mean_what_they_meant(api: str, way: str) -> None:
    """Text, calls, stop, usage, reasoning and errors of every recorded answer, however its bytes are cut."""
    for recording in recordings(api):
        assert compare(replay(recording, WAYS[way]), recording) == [], recording.name


def rebuilt(recording: Recording) -> str:
    """Why the recorded request does not come out of our own types; empty if it does."""
    body: dict[str, Any] = restored(recording.request.body)
    decoded = requests_bedrock.decode(body, recording.entry)
    if isinstance(decoded, str):
        return decoded
    ours = from_json(write_object(WIRES[recording.api].encode(*decoded, provider=recording.provider)))
    return difference(requests_bedrock.spelled_out(body), requests_bedrock.spelled_out(ours))


def test_recorded_requests_come_out_of_our_types() -> None:
    """The same JSON, key order aside, but for causes that are named; more than nine in ten are the same."""
    asked = [recording for api in WIRES for recording in recordings(api) if recording.request.recorded]
    causes = Counter(cause.partition(":")[0] for cause in map(rebuilt, asked) if cause)
    assert causes == NOT_REBUILT
    assert causes.total() < len(asked) / 10


def test_recorded_requests_went_where_ours_go() -> None:
    """The same path, whether or not its client quoted the model's name as we do."""
    for recording in (each for api in WIRES for each in recordings(api)):
        decoded = requests_bedrock.decode(restored(recording.request.body), recording.entry)
        if not isinstance(decoded, str):
            request, model = decoded
            ours = WIRES[recording.api].path(model, request.streaming)
            assert ours == recording.request.url_path.replace(":", "%3A"), recording.name


def test_there_are_recordings_to_replay() -> None:
    """A moved folder does not turn the tests above into ones that prove nothing."""
    assert len(recordings("bedrock.converse")) > 70
    assert len(recordings("bedrock.invoke")) > 20
