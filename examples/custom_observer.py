"""Watch every run of a runtime with an observer of your own: here, a board of how long each tool takes.

Run it with ``python examples/custom_observer.py``.
"""

import asyncio
from collections import defaultdict
from statistics import median

from loopbus import Agent, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import SubscriberFailed, ToolFinished


class LatencyBoard:
    """Keeps the seconds that each tool took; what has ``hears`` and can be called with an event is an observer."""

    hears = (ToolFinished,)

    def __init__(self) -> None:
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    def __call__(self, event: ToolFinished) -> None:
        self.seconds[event.name].append(event.elapsed_s)

    def lines(self) -> list[str]:
        """One line a tool."""
        return [f"{name}: {len(took)} calls, median {median(took):.3f} s" for name, took in self.seconds.items()]


@tool
async def look_up(city: str) -> str:
    """Find the weather of a city."""
    await asyncio.sleep(0.01)
    return f"{city}: 21 degrees"


@tool
async def convert(celsius: float) -> float:
    """Convert degrees Celsius to Fahrenheit."""
    return celsius * 9 / 5 + 32


model = Scripted(
    [call("look_up", city="Lima"), call("convert", celsius=21), text("It is 69.8 degrees Fahrenheit in Lima.")],
    per_run=True,
)
agent = Agent(model, tools=[look_up, convert])


async def main() -> None:
    """Attach the board by one line, and beside it an observer that fails: no run notices."""
    board = LatencyBoard()
    async with Runtime(subscribers=[board]) as runtime:

        @runtime.observe(ToolFinished.where(name="convert"))
        async def broken(event: ToolFinished) -> None:
            raise RuntimeError("the metrics server is down")

        @runtime.observe(SubscriberFailed)
        def notice(event: SubscriberFailed) -> None:
            print(f"switched off {event.subscriber}: {event.error}")

        async with asyncio.TaskGroup() as users:
            answers = [users.create_task(runtime.run(agent, "How warm is Lima?")) for _ in range(3)]
    print(*board.lines(), sep="\n")
    print({answer.result().output for answer in answers})


if __name__ == "__main__":
    asyncio.run(main())
