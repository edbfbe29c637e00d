"""Idempotency keys: asking again is the same run, not another one."""

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.runtime import Agent, KeyReused
from loopbus.runtime.keys import Keys

from ..faults.house import CANARY, agent, house
from ..faults.misbehaving import Gate, waiting


async def test_the_same_key_gives_the_same_run_while_it_goes_on_and_afterwards() -> None:
    """A client that asks twice has the model asked once."""
    model, gate = Scripted([call("wait"), text("done")]), Gate()
    one = Agent(model, tools=[waiting(gate)])
    async with house() as tested:
        run = await tested.start(one, "refund order 7", key="req-42", session="s")
        assert await tested.start(one, "refund order 7", key="req-42", session="s") is run
        gate.open.set()
        await run.result()
        assert await tested.start(one, "refund order 7", key="req-42", session="s") is run
        assert await tested.start(CANARY, "refund order 7", key="req-43") is not run
    assert model.asked == 2
    assert run.log[0].model_dump()["key"] == "req-42"


@pytest.mark.parametrize("other", [{"prompt": "refund order 8"}, {"session": "t"}, {"agent": agent(name="other")}])
async def test_the_same_key_with_another_request_is_refused(other: dict[str, object]) -> None:
    """Another prompt, session or agent under one key is a mistake; nothing is started and no session taken."""
    async with house() as tested:
        run = await tested.start(CANARY, "refund order 7", key="req-42", session="s")
        request = {"agent": CANARY, "prompt": "refund order 7", "session": "s", **other}
        with pytest.raises(KeyReused, match=f"belongs to run {run.id}"):
            await tested.start(key="req-42", **request)  # pyright: ignore[reportArgumentType]
        await run.result()
        assert (await tested.outcome(CANARY, session="t")).output == "42"


async def test_old_keys_are_forgotten_but_never_one_whose_run_goes_on() -> None:
    """The memory for keys is bounded by what is over."""
    gate, keys = Gate(), Keys(capacity=2)
    async with house() as tested:
        live = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        keys.remember("live", "request", live)
        for number in range(5):
            over = await tested.start(CANARY)
            await over.result()
            keys.remember(f"over {number}", "request", over)
        assert keys.find("live", "request") is live
        assert [keys.find(f"over {number}", "request") is None for number in range(5)] == [True] * 4 + [False]
        more = Keys(capacity=1)
        more.remember("a", "request", live)
        more.remember("b", "request", live)
        assert more.find("a", "request") is more.find("b", "request") is live
        gate.open.set()
        await live.result()
