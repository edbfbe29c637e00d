"""What one provider signed or alone understands is shown to no other, whoever that is: they would refuse it."""

from collections.abc import Sequence

import pytest

from loopbus.backends import Refused, Scripted
from loopbus.backends.contract import Request
from loopbus.backends.hosted import Hosted
from loopbus.backends.providers import PROVIDERS
from loopbus.backends.wire.objects import write_object
from loopbus.events import FallbackChosen, ModelReplied
from loopbus.events.content import Message, Opaque, Text, Thinking, ToolCall, ToolResult, user
from loopbus.runtime import Agent

from ...faults.house import add, house
from ..servers import Canned

SEALS = ("planted-thought", "planted-call", "planted-block")
"""What only its own provider may read."""

MODELS = {"bedrock": "anthropic.claude-sonnet-4-v1:0", "bedrock-invoke": "anthropic.claude-sonnet-4-v1:0"}
"""A model that reasons, where the model's name says how it is spoken to; elsewhere any will do."""

TEXT_ALONE = frozenset({"cohere-v1", "ollama-generate"})
"""Those that take no conversation with calls in it."""

TAKES_BACK = {
    "anthropic": {"planted-thought"},
    "bedrock": {"planted-thought"},
    "bedrock-invoke": {"planted-thought"},
    "google": {"planted-call"},
    "google-vertex": {"planted-call"},
    "google-vertex-express": {"planted-call"},
    "mistral": {"planted-thought"},
}
"""Who wants which signatures back. Most others sign nothing, or have it in an opaque block of theirs."""


def conversation(signer: str) -> Sequence[Message]:
    """One with everything in it that a provider may have signed."""
    thought = Thinking("hm", "planted-thought", signer)
    called = ToolCall("1.0", "add", {"a": 1}, "a1b2c3d4e", signature="planted-call", provider=signer)
    sealed = Opaque(signer, {"type": "text", "text": "planted-block"})
    return (
        user("hi"),
        Message("assistant", (thought, Text("I add."), called, sealed)),
        Message("tool", (ToolResult("1.0", "add", "2", provider_id="a1b2c3d4e"),)),
        user("and now?"),
    )


def shown(name: str, signer: str) -> set[str]:
    """Which seals a provider is shown in a conversation with ``signer``."""
    model = MODELS.get(name, "m-3")
    body = write_object(PROVIDERS[name].wire.encode(Request(conversation(signer)), model, provider=name)).decode()
    return {seal for seal in SEALS if seal in body}


@pytest.mark.parametrize("name", sorted(PROVIDERS.keys() - TEXT_ALONE))
def test_no_provider_is_shown_what_another_signed(name: str) -> None:
    """Neither thoughts nor calls nor blocks; its own come back to it, and so do those of nobody knows whom."""
    assert shown(name, "elsewhere") == set()
    assert shown(name, name) >= TAKES_BACK.get(name, set())
    assert shown(name, "") >= TAKES_BACK.get(name, set())


@pytest.mark.parametrize("name", sorted(TAKES_BACK))
async def test_after_a_fallback_the_second_provider_gets_nothing_of_the_first(name: str) -> None:
    """The whole way: the first signs and then refuses, the second is asked with the call and its result, unsigned."""
    signed = ToolCall("", "add", {"a": 1, "b": 2}, signature="planted-call")
    first = Scripted([[Thinking("hm", "planted-thought"), signed], Refused("no")], model="elsewhere:m")
    transport = Canned((400, {}, [b"{}"]))
    second = Hosted(
        PROVIDERS[name].wire, "http://second.example", MODELS.get(name, "m-3"), provider=name, transport=transport
    )
    async with house() as tested:
        run = await tested.start(Agent(first, tools=[add], fallback=[second]))
        await run.outcome()
    replied = next(event for event in run.log if isinstance(event, ModelReplied))
    assert [getattr(block, "provider", "") for block in replied.content] == ["elsewhere", "elsewhere"]
    assert any(isinstance(event, FallbackChosen) for event in run.log)
    body = transport.requests[0].body.decode()
    assert '"add"' in body
    assert not [seal for seal in SEALS if seal in body]
