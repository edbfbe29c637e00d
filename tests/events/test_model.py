"""Pieces of a reply that is being written, and how they are joined."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.events import (
    Event,
    Fault,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)

KINDS: list[tuple[type[Any], str]] = [(TextDelta, "text"), (ThinkingDelta, "text"), (ToolCallDelta, "arguments")]


def piece(kind: type[Any], said: str, **more: Any) -> Any:
    """A piece of the kind that says something."""
    field = dict(KINDS)[kind]
    given: dict[str, Any] = {"run_id": "run", "seq": 3, field: said, **more}
    return kind(**({"slot": 0, **given} if kind is ToolCallDelta else given))


@pytest.mark.parametrize(("kind", "field"), KINDS)
def test_neighbours_of_one_message_are_joined(kind: type[Any], field: str) -> None:
    """The text of both, in the place of the first."""
    both = piece(kind, "Hel").merged(piece(kind, "lo"))
    assert both == piece(kind, "Hello")


@pytest.mark.parametrize(("kind", "field"), KINDS)
@pytest.mark.parametrize("other", [{"run_id": "another"}, {"seq": 4}])
def test_pieces_of_two_messages_stay_two(kind: type[Any], field: str, other: dict[str, Any]) -> None:
    """Of another run, or of another request."""
    assert piece(kind, "Hel").merged(piece(kind, "lo", **other)) is None


def test_pieces_of_two_kinds_stay_two() -> None:
    """What was thought is not said."""
    pieces = [piece(kind, "a") for kind, _ in KINDS]
    assert [one.merged(other) for one in pieces for other in pieces if one is not other] == [None] * 6


def test_a_snapshot_takes_what_follows_and_is_never_joined_to_what_was_before() -> None:
    """It holds all the text so far, so what comes after it belongs to it, and what came before is in it."""
    for kind in (TextDelta, ThinkingDelta):
        snapshot = piece(kind, "all so far", snapshot=True)
        assert snapshot.merged(piece(kind, ", more")) == piece(kind, "all so far, more", snapshot=True)
        assert piece(kind, "so far").merged(snapshot) is None


def test_arguments_are_joined_by_the_call_they_belong_to() -> None:
    """Calls that arrive interleaved stay apart, and the name is kept, whichever piece told it."""
    named, unnamed = piece(ToolCallDelta, "{", name="add"), piece(ToolCallDelta, "}")
    assert named.merged(unnamed) == piece(ToolCallDelta, "{}", name="add")
    assert unnamed.merged(named) == piece(ToolCallDelta, "}{", name="add")
    assert named.merged(piece(ToolCallDelta, "{", slot=1)) is None


@given(st.lists(st.text("ab", max_size=3), min_size=1))
def test_joining_keeps_the_text_however_it_was_cut(texts: list[str]) -> None:
    """In whatever order neighbours are joined."""
    pieces = [piece(TextDelta, text) for text in texts]
    while len(pieces) > 1:
        pieces[-2:] = [pieces[-2].merged(pieces[-1])]
    assert pieces == [piece(TextDelta, "".join(texts))]


@pytest.mark.parametrize(("kind", "field"), KINDS)
def test_a_piece_grows_only_so_far(kind: type[Any], field: str) -> None:
    """F106: a million pieces that nobody takes are joined to many long ones, not to one that is copied each time."""
    grown, pieces = piece(kind, "x"), 1
    for _ in range(100_000 // 1000):
        both = grown.merged(piece(kind, "x" * 1000))
        grown, pieces = (both, pieces) if both is not None else (piece(kind, "x" * 1000), pieces + 1)
        assert len(getattr(grown, field)) < 20_000
    assert pieces == 6


def test_a_refused_request_is_a_model_that_failed() -> None:
    """With the model that was not asked."""
    request = ModelRequested(turn=2, model="openai:gpt", messages=3)
    assert request.vetoed("too dear") == ModelFailed(
        turn=2, error=Fault("Vetoed", "too dear", "policy"), model="openai:gpt"
    )


def test_a_refused_reply_still_costs() -> None:
    """I6: what it took is counted, what it said is not shown."""
    reply = ModelReplied(turn=2, content=(), stop="end", usage=Usage(10, 5), model="openai:gpt")
    refused = reply.vetoed("not for you")
    assert (refused.usage, refused.partial, refused.model) == (Usage(10, 5), (), "openai:gpt")


def test_other_events_are_not_joined() -> None:
    """A request is one event, whatever is beside it."""
    request: Event = ModelRequested(turn=2, model="openai:gpt", messages=3)
    assert request.merged(request) is None
