"""What one provider gave goes back to it, and to nobody else."""

import pytest

from loopbus.backends.wire.own import own_fields, own_signature
from loopbus.events.content import Opaque, Thinking, ToolCall


@pytest.mark.parametrize("block", [Thinking("hm", "s", "acme"), ToolCall("1.0", "f", signature="s", provider="acme")])
def test_a_signature_is_its_own_provider_s(block: Thinking | ToolCall) -> None:
    """One that an old log holds has no name beside it, and goes to whoever is asked."""
    assert own_signature(block, "acme") == "s"
    assert own_signature(block, "other") is None
    assert own_signature(Thinking("hm", "s"), "other") == "s"


def test_the_fields_of_an_opaque_block_are_its_own_provider_s() -> None:
    """As a copy, for a request must not change the history; what is no object has none."""
    block = Opaque("acme", {"type": "seal"})
    fields = own_fields(block, "acme")
    assert fields == {"type": "seal"}
    assert fields is not block.data
    assert own_fields(block, "other") is None
    assert own_fields(Opaque("acme", "seal"), "acme") is None
