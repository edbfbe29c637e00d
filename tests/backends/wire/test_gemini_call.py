"""Calls of Gemini's that come value by value."""

from typing import Any

import pytest

from loopbus.events.content import ToolCall

from .test_gemini import STOP, call, chunk, folded, read


def test_a_call_that_comes_value_by_value_is_put_together() -> None:
    """As Vertex AI sends it: the name first, then each value, a text in pieces, and an empty call as the end."""
    city = {"jsonPath": "$.city", "willContinue": True}
    reply = folded(
        read(
            chunk({**call(name="f", id="x", willContinue=True), "thoughtSignature": "s"}),
            chunk(call(partialArgs=[{**city, "stringValue": "Bo"}], willContinue=True)),
            chunk(
                call(
                    partialArgs=[{**city, "stringValue": "nn"}, {"jsonPath": "$.days", "numberValue": 2}],
                    willContinue=True,
                )
            ),
            chunk(call()),
            chunk(call(name="g", args={"a": 1})),
            STOP,
        )
    )
    assert reply.content == (
        ToolCall("c.0", "f", {"city": "Bonn", "days": 2}, "x", signature="s"),
        ToolCall("c.1", "g", {"a": 1}),
    )


@pytest.mark.parametrize("end", [chunk(finishReason="MAX_TOKENS"), chunk(call(name="g"), finishReason="STOP")])
def test_half_a_call_never_runs(end: dict[str, Any]) -> None:
    """The stream ends, or the next call begins, before the call says that it is whole."""
    begun = call(name="f", partialArgs=[{"jsonPath": "$.a", "stringValue": "x"}], willContinue=True)
    half = next(block for block in folded(read(chunk(begun), end)).content if isinstance(block, ToolCall))
    assert (half.name, half.arguments, half.malformed) == ("f", {}, '{"a":"x"}')
    gap = call(name="f", partialArgs=[{"jsonPath": "$.a[5]", "stringValue": "x"}], willContinue=True)
    assert folded(read(chunk(gap), end)).content[0] == ToolCall("c.0", "f", malformed="")
