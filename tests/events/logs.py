"""Logs of runs, as a run could have written them: every order of results, and whatever may come between."""

from hypothesis import strategies as st

from loopbus.bus.event import stamp
from loopbus.events import (
    ApprovalDecided,
    ApprovalRequested,
    Block,
    CostCounted,
    Event,
    Fault,
    LateToolResult,
    Message,
    MessageInjected,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    Outcome,
    RunFinished,
    RunStarted,
    Text,
    Thinking,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
    user,
)

OUTCOMES: tuple[Outcome, ...] = ("ok", "error", "denied", "cancelled", "unknown")
SAID = st.sampled_from(["", "a", "b"])


class Writer:
    """A log that grows as a run's does: every event gets the next number."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.log: list[Event] = []
        self.draw = draw

    def write(self, event: Event) -> Event:
        stamp(event, "run", len(self.log) + 1, 0.0, len(self.log))
        self.log.append(event)
        return event

    def between(self) -> None:
        """Write what may come between any two events of a run."""
        what = self.draw(st.integers(0, 9))
        if what == 0:
            self.write(MessageInjected(message=user(f"by the way {len(self.log)}", pinned=self.draw(st.booleans()))))
        elif what == 1:
            self.write(LateToolResult(call_id="0.0", name="late", output="too late"))
        elif what == 2:
            self.write(ToolFinished(call_id="nobody asked", name="stray", outcome="ok", output="x", blame="model"))
        elif what == 3:
            self.write(CostCounted(model="m", usage=Usage(1, 1), cost_usd=self.draw(st.sampled_from([0.5, None]))))

    def turn(self, number: int, *, last: bool) -> bool:
        """Write a turn; the answer is whether another can follow."""
        self.write(TurnStarted(turn=number))
        self.between()
        instructions = self.draw(st.sampled_from([None, "do", "do not"]))
        asked = self.write(ModelRequested(turn=number, model="m", messages=1, instructions=instructions))
        self.between()
        if self.draw(st.integers(0, 4)) == 0:
            partial = (Text(self.draw(SAID)), ToolCall(f"{asked.seq}.0", "cut", malformed="{"))
            self.write(ModelFailed(turn=number, error=Fault("Cut", "cut"), partial=partial, usage=Usage(3, 2)))
            return False
        calls = tuple(
            ToolCall(f"{asked.seq}.{slot}", "add", {"a": slot}) for slot in range(self.draw(st.integers(0, 3)))
        )
        content: tuple[Block, ...] = (Thinking("hm"), Text(self.draw(SAID)), *calls)
        self.write(ModelReplied(turn=number, content=content, stop="end", usage=Usage(10, 5)))
        answered = self.answer(calls, give_up=last)
        if answered:
            self.write(TurnFinished(turn=number, final=not calls))
        return bool(calls) and answered

    def answer(self, calls: tuple[ToolCall, ...], *, give_up: bool) -> bool:
        """Write the results of the calls, in any order; in the last turn the log may end in the middle of it."""
        for call in calls:
            self.between()
            self.write(ToolRequested(call_id=call.call_id, name=call.name, arguments=call.arguments))
        for call in self.draw(st.permutations(calls)):
            if give_up and self.draw(st.integers(0, 3)) == 0:
                return False
            self.ask_and_start(call)
            self.between()
            self.finish(call)
            if self.draw(st.integers(0, 5)) == 0:
                # Two stages cannot answer one call, but a log may have been edited.
                self.finish(call)
            self.between()
        return True

    def ask_and_start(self, call: ToolCall) -> None:
        """Write what may come before a result."""
        if self.draw(st.booleans()):
            approve = self.draw(st.booleans())
            self.write(ApprovalRequested(call_id=call.call_id, name=call.name, arguments={}, approver="finance"))
            self.write(ApprovalDecided(call_id=call.call_id, approve=approve))
        if self.draw(st.booleans()):
            self.write(ToolStarted(call_id=call.call_id, name=call.name))

    def finish(self, call: ToolCall) -> None:
        """Write a result."""
        outcome = self.draw(st.sampled_from(OUTCOMES))
        blame = "model" if outcome == "error" else None
        self.write(ToolFinished(call_id=call.call_id, name=call.name, outcome=outcome, output=outcome, blame=blame))


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """The log of a run from its start to its end, or to wherever it stands just now."""
    writer = Writer(draw)
    history = draw(st.sampled_from([(), (user("before", pinned=True), Message("assistant", (Text("yes"),)))]))
    writer.write(RunStarted(agent="agent", model="m", prompt=user("prompt"), history=history))
    turns = draw(st.integers(0, 4))
    for number in range(1, turns + 1):
        if not writer.turn(number, last=number == turns):
            break
    if draw(st.booleans()):
        writer.write(RunFinished(status=draw(st.sampled_from(["completed", "failed", "cancelled", "limit"]))))
    return writer.log
