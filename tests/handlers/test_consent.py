"""A consent is to one call, as it was when a person looked at it."""

import pytest

from loopbus.bus import Ask
from loopbus.events import ApprovalRequested, ToolRequested
from loopbus.events.human import Consent
from loopbus.handlers.consent import asked, still_to_ask
from loopbus.tools import Tool, tool

QUESTION = Ask("kim", "much money", timeout_s=60, escalate_to=("ann",), on_timeout="approve")


@tool(needs_approval=QUESTION)
def pay(usd: int) -> None:
    """Pay."""


@tool(name="pay", needs_approval=QUESTION)
def pay_cents(usd: int, cents: int = 0) -> None:
    """Pay, in a later version of the program."""


@tool
def free(usd: int) -> None:
    """Nobody asks about this one."""


def request(usd: int = 7, name: str = "pay") -> ToolRequested:
    """The wish for a call."""
    return ToolRequested(call_id="c1", name=name, arguments={"usd": usd})


def still(called: ToolRequested, of: Tool, consent: Consent | None) -> ApprovalRequested | None:
    """What stands between the call and its start."""
    return still_to_ask(called, of, of.validate(called.arguments), consent)


def test_all_of_a_question_is_in_the_log() -> None:
    """What is asked, of whom, for how long, who is next, and under which schema."""
    event = still(request(), pay, None)
    assert event == asked(request(), QUESTION, pay.schema_hash)
    assert event is not None
    assert (event.name, event.arguments, event.approver, event.reason) == ("pay", {"usd": 7}, "kim", "much money")
    assert (event.timeout_s, event.escalate_to, event.on_timeout) == (60, ("ann",), "approve")
    assert event.schema_hash == pay.schema_hash != pay_cents.schema_hash


def test_a_call_that_was_agreed_to_is_not_asked_about_again() -> None:
    """Nor one that nobody has to agree to."""
    consent = Consent(asked(request(), QUESTION, pay.schema_hash), {"usd": 7})
    assert still(request(), pay, consent) is None
    assert still(request(), free, None) is None


@pytest.mark.parametrize(("called", "of"), [(request(8), pay), (request(), pay_cents)])
def test_what_is_no_longer_what_was_agreed_to_is_asked_about_again(called: ToolRequested, of: Tool) -> None:
    """F127: other arguments, or a tool whose schema is another one now; the same people, with the reason, and once."""
    consent = Consent(asked(request(), QUESTION, pay.schema_hash), {"usd": 7})
    again = still(called, of, consent)
    assert again is not None
    assert again.reason == "asked again, because it is no longer what was approved: much money"
    assert (again.approver, again.escalate_to, again.schema_hash) == ("kim", ("ann",), of.schema_hash)
    third = still(request(9), of, Consent(again, called.arguments))
    assert third is not None
    assert third.reason == again.reason
    assert still(called, of, Consent(again, called.arguments)) is None
