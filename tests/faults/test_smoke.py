import asyncio
from loopbus.backends import call, text
from .house import add, agent, house
from .misbehaving import *
from loopbus.tools import tool
import sys
async def test_a():
    async with house() as h:
        r = await h.outcome(agent([call("add", a=1, b=2), call("add", a=3, b=2)], text("ok"), tools=[add]))
        assert r.output == "ok"
async def test_cancel():
    async with house(grace_s=0.01) as h:
        g=Gate()
        run = await h.start(agent([call("add", a=1, b=2), call("wait")], text("ok"), tools=[add, waiting(g)]))
        await g.reached.wait()
        await run.cancel()
        print([type(e).__name__ for e in run.log])
async def test_stub():
    async with house(grace_s=0.01) as h:
        g=Gate()
        run = await h.start(agent([call("stubborn")], text("ok"), tools=[add, stubborn(g)]))
        await g.reached.wait()
        await run.cancel()
        print(h.runtime.zombies)
        assert h.runtime.zombies
        g.open.set()
