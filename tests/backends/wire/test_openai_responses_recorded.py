"""What was recorded of the Responses API to go back of an answer is what we send back of it."""

from itertools import pairwise

from loopbus.backends.contract import Reply, Request
from loopbus.backends.wire.openai_responses_request import encode
from loopbus.events.content import Message

from ...wire.answering import WAYS, replay
from ...wire.requests_openai_responses import spelled_out
from ..recorded import needs_recordings, recordings


@needs_recordings
async def test_an_answer_goes_back_as_clients_were_recorded_to_send_it_back() -> None:
    """Of a client that keeps no ids either: what its next request holds of an answer is what we make of that answer."""
    turns = [
        found
        for found in recordings("openai.responses")
        if found.entry["source_repo"] == "crmne/ruby_llm" and found.status == 200
    ]
    turns.sort(key=lambda found: (found.entry["conversation"], found.entry["turn"]))
    compared = 0
    for earlier, later in pairwise(turns):
        if earlier.entry["conversation"] != later.entry["conversation"]:
            continue
        reply = (await replay(earlier, WAYS["whole"])).result
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
