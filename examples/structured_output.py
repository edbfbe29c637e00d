"""Ask for an object instead of a text: watched while it grows, sent back when it is wrong, typed when it is there.

Run it with ``python examples/structured_output.py``.
"""

import asyncio
from typing import Annotated

from pydantic import BaseModel, Field

from loopbus import Agent, Runtime
from loopbus.backends import Scripted, call
from loopbus.events import OutputRejected


class Line(BaseModel):
    """One thing and its price."""

    item: str
    usd: Annotated[float, Field(ge=0)]


class Invoice(BaseModel):
    """What was bought, and from whom."""

    seller: str
    lines: list[Line]


# The model gives a price that none can have, is told so, and answers again.
wrong = call("final_answer", seller="Ada's Bakery", lines=[{"item": "bread", "usd": -4}])
right = call("final_answer", seller="Ada's Bakery", lines=[{"item": "bread", "usd": 4}, {"item": "jam", "usd": 2.5}])
agent = Agent(Scripted([wrong, right], stream=24), output=Invoice)


async def main() -> None:
    """Print every state of the answer, then use the object."""
    async with Runtime() as runtime:
        run = await runtime.start(agent, "Bread for 4 and jam for 2.50, from Ada's Bakery.")
        async for part in run.partials():
            print("so far:", part.data)
        result = await run.result()
    for event in run.log:
        if isinstance(event, OutputRejected):
            print("rejected:", event.reason)
    print(f"{result.output.seller}: {sum(line.usd for line in result.output.lines):.2f} USD")


if __name__ == "__main__":
    asyncio.run(main())
