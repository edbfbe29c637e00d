"""Requests that providers were recorded to be asked come out of our own types as they went in, on every wire."""

from collections import Counter
from collections.abc import Mapping

import pytest

from ..backends.recorded import needs_recordings, recordings
from .alike import alike
from .answering import WIRES
from .decoding import restored
from .rebuilding import DECODERS, difference, rebuild

NOT_REBUILT: Mapping[str, Mapping[str, int]] = {
    "anthropic.messages": {
        # References to other tools, and files by their ids.
        "a tool's result of more than a text and media": 3,
        "no message": 1,
        # A result whose id is not that of its call: ours is.
        "body.messages.content.tool_use_id": 2,
    },
    "bedrock.converse": {
        "a cache point between the tools, of one's own choice": 2,
        "a tool's result of several texts": 2,
        # The client sent an object as text; ours sends it as an object, which every family takes.
        "body.messages.content.toolResult.content.text": 1,
    },
    "bedrock.invoke": {"a prompt that is no conversation": 1, "a body of Nova's without its version": 1},
    # Reasoning told in several texts is one text to us.
    "mistral.chat": {"body.messages.content.thinking": 1},
    "openai.chat": {
        # Whoever serves open models is told reasoning under both its names.
        "body.messages.reasoning_content": 1,
        "body.stream_options.include_usage": 1,
        # A strict schema is closed, whoever enforces it.
        "body.tools.function.parameters.properties.level.additionalProperties": 1,
        "an output schema without a name": 1,
    },
}
"""Why recorded requests do not come out the same, and how many on each wire."""


@needs_recordings
@pytest.mark.parametrize("api", DECODERS)
async def test_recorded_requests_come_out_of_our_types(api: str) -> None:
    """The same JSON, key order aside, but for causes that are named; on each wire at least nine in ten are the same."""
    asked = [recording for recording in recordings(api) if recording.request.recorded]
    causes = Counter([cause.partition(":")[0] for recording in asked if (cause := await rebuild(recording))])
    assert causes == NOT_REBUILT.get(api, {})
    assert causes.total() <= len(asked) / 10


@needs_recordings
@pytest.mark.parametrize("api", ["bedrock.converse", "bedrock.invoke", "gemini.generateContent"])
def test_recorded_requests_went_where_ours_go(api: str) -> None:
    """These say the model, and whether to stream, in the address; some clients did not quote a name as we do."""
    compared = 0
    for recording in recordings(api):
        decoded = DECODERS[api].decode(restored(recording.request.body), recording.entry)
        if not isinstance(decoded, str):
            ours = WIRES[api].path(decoded[1], decoded[0].streaming).partition("?")[0]
            assert recording.request.url_path.replace("v1:0", "v1%3A0").partition("?")[0].endswith(ours)
            compared += 1
    assert compared > 20


def test_a_wire_without_causes_has_no_entry() -> None:
    """The table names only what is there."""
    assert NOT_REBUILT.keys() <= DECODERS.keys()


@pytest.mark.parametrize(
    ("said", "otherwise"),
    [
        ({"messages": [{"role": "developer", "content": "a"}]}, {"messages": [{"role": "system", "content": "a"}]}),
        ({"messages": [{"role": "tool", "name": "add"}]}, {"messages": [{"role": "tool"}]}),
        ({"function": {"name": "add", "strict": False}}, {"function": {"name": "add"}}),
        ({"cache_control": {"type": "ephemeral", "ttl": "5m"}}, {"cache_control": {"type": "ephemeral"}}),
    ],
)
def test_what_may_be_said_in_two_ways_is_compared_as_one(said: object, otherwise: object) -> None:
    """Both are read by the provider as the same; the name of one who speaks is not that of a tool."""
    assert alike(said) == alike(otherwise)
    assert alike({"messages": [{"role": "user", "name": "a"}]}) != alike({"messages": [{"role": "user"}]})


@pytest.mark.parametrize(
    ("expected", "got", "where"),
    [
        ({"a": 1, "b": [1, {"c": 2}]}, {"b": [1, {"c": 2}], "a": 1}, ""),
        ({"a": 1}, {}, "body.a: 1 became '(absent)'"),
        ({}, {"a": 1}, "body.a: '(absent)' became 1"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "body.a.b: 1 became 2"),
        ({"a": [1]}, {"a": [1, 2]}, "body.a: [1] became [1, 2]"),
    ],
)
def test_a_difference_says_where_it_is(expected: object, got: object, where: str) -> None:
    """The first one; the order of keys is none."""
    assert difference(expected, got) == where
