"""Events of tool calls."""

from loopbus.events import Image, ToolFinished, ToolRequested
from loopbus.events.tool import failure


def test_a_refused_call_has_a_result_that_says_so() -> None:
    """The model is told; the call is denied, by a policy."""
    request = ToolRequested(call_id="1.0", name="refund", arguments={"usd": 900})
    assert request.vetoed("over the limit") == ToolFinished(
        call_id="1.0", name="refund", outcome="denied", blame="policy", output="Not allowed: over the limit"
    )


def test_a_refused_result_is_withheld_whole() -> None:
    """What a policy refused to show is neither in the text nor in the parts."""
    result = ToolFinished(
        call_id="1.0", name="read", outcome="ok", output="secret", parts=(Image("image/png", b"secret"),), elapsed_s=2
    )
    withheld = result.vetoed("it holds a key")
    assert (withheld.outcome, withheld.blame, withheld.parts) == ("denied", "policy", ())
    assert withheld.output == "The result is withheld: it holds a key"
    assert (withheld.call_id, withheld.name, withheld.elapsed_s) == ("1.0", "read", 2)
    assert "secret" not in repr(withheld)


def test_a_failure_is_a_result() -> None:
    """Whoever is to blame."""
    failed = failure("1.0", "add", "model", "no such field", elapsed_s=0.5)
    assert failed == ToolFinished(
        call_id="1.0", name="add", outcome="error", blame="model", output="no such field", elapsed_s=0.5
    )
