"""What exactly a person is asked, and agrees to."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.bus import dump, load
from loopbus.events import ApprovalRequested
from loopbus.events.human import Consent, same_arguments

from .strategies import JSON, TEXT

OBJECTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(TEXT, JSON, max_size=3)


def question(name: str = "pay", schema_hash: str = "s1", approver: str = "kim", **arguments: Any) -> ApprovalRequested:
    """A question about a call."""
    return ApprovalRequested(
        call_id="1.0", name=name, arguments=arguments or {"usd": 7}, approver=approver, schema_hash=schema_hash
    )


def test_a_question_is_bound_to_name_schema_and_arguments() -> None:
    """Whatever differs in one of them is another question; who is asked, and why, is not part of it."""
    bound = question().binding
    assert len(bound) == 64
    assert question(approver="ann").binding == bound
    others = [question("refund"), question(schema_hash="s2"), question(usd=8), question(usd=7.0), question(usd="7")]
    assert len({bound, *(other.binding for other in others)}) == 6


@settings(max_examples=40)
@given(OBJECTS)
def test_the_binding_survives_the_log(arguments: dict[str, Any]) -> None:
    """With any JSON and any Unicode, in any order of keys."""
    asked = question().model_copy(update={"arguments": arguments})
    again = load(json.loads(json.dumps(dump(asked))))
    turned = asked.model_copy(update={"arguments": dict(reversed(arguments.items()))})
    assert isinstance(again, ApprovalRequested)
    assert asked.binding == again.binding == turned.binding


@settings(max_examples=40)
@given(OBJECTS, OBJECTS)
def test_arguments_are_the_same_where_their_bindings_are(some: dict[str, Any], others: dict[str, Any]) -> None:
    """Python thinks that 1, 1.0 and True are equal; a tool may not."""
    of_some, of_others = (question().model_copy(update={"arguments": each}).binding for each in (some, others))
    assert same_arguments(some, others) == (of_some == of_others)
    assert same_arguments(some, dict(reversed(some.items())))


@pytest.mark.parametrize("one", [1, 1.0, True])
@pytest.mark.parametrize("other", [1, 1.0, True])
def test_numbers_that_are_equal_are_not_the_same(one: object, other: object) -> None:
    """Nor is a yes a number."""
    given: Any = {"a": one}
    assert same_arguments(given, {"a": other}) == (type(one) is type(other))  # pyright: ignore[reportArgumentType]


def test_a_consent_covers_what_was_asked_and_nothing_else() -> None:
    """With the person's own arguments, where there are any."""
    consent = Consent(question(), {"usd": 5})
    assert consent.covers("pay", {"usd": 5}, "s1")
    assert not consent.covers("pay", {"usd": 7}, "s1")
    assert not consent.covers("pay", {"usd": 5}, "s2")
    assert not consent.covers("refund", {"usd": 5}, "s1")
    assert Consent(question(schema_hash=""), {"usd": 5}).covers("pay", {"usd": 5}, "s2")
