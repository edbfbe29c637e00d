"""Random runs, lived in memory: what the model says, what people and policies do, and when somebody stops it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from loopbus.backends import Broken, Busy, ContextOverflow, Refused, Scripted, call, fail, reply, text, thinking
from loopbus.bus import Ask, Instead, Veto
from loopbus.events import Custom, Event, ModelRequested, ToolFinished, ToolRequested, Usage
from loopbus.handlers.compaction import KeepLatest
from loopbus.handlers.policies import SlidingWindow
from loopbus.handlers.retry import RetryPolicy
from loopbus.runtime import Agent, Limits, NothingToDecide, Run, RunOver, Runtime
from loopbus.runtime.given import NOTHING
from loopbus.tools import ToolContext, tool


class Noted(Custom):
    """A test's own event."""

    note: str


class City(BaseModel):
    """An answer with a form."""

    name: str


@tool
async def add(a: int, b: int) -> int:
    """Add, after a while."""
    for _ in range(a % 5):
        await asyncio.sleep(0)
    return a + b


@tool
async def note(context: ToolContext) -> str:
    """Emit an event."""
    await context.emit(Noted(note="here"))
    return "noted"


@tool(sequential=True, resource="till")
async def pay(usd: int) -> str:
    """Pay, one at a time."""
    await asyncio.sleep(0)
    return f"paid {usd}"


@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Refund."""
    return f"refunded {usd}"


@tool(delivery="idempotent")
async def look() -> str:
    """Look."""
    return "seen"


@tool
async def crash() -> None:
    """Crash."""
    raise SystemExit(3)


LINES: Mapping[str, Any] = {
    "three": [call("add", a=4, b=1), call("add", a=1, b=2), call("note")],
    "mixed": [call("add", a=2, b=2), call("nope"), call("add", a="one"), call("refund", usd=7)],
    "half": [call("add", a=4, b=1), call("add", a="one")],
    "paid": [call("pay", usd=1), call("add", a=1, b=1), call("pay", usd=2)],
    "ask": call("refund", usd=7),
    "asks": [call("refund", usd=1), call("refund", usd=2), call("add", a=3, b=3)],
    "looked": call("look"),
    "same": call("add", a=1, b=1),
    "crash": [thinking("hm"), text("I try."), call("crash")],
    "cut": reply("half a", call("add", a=1, b=1), stop="length", usage=Usage(5, 5)),
    "pause": reply("wait", stop="pause"),
    "busy": fail(Busy("overloaded")),
    "broken": fail(Broken("connection lost"), "half an ans"),
    "refused": fail(Refused("no such key")),
    "overflow": fail(ContextOverflow("too long")),
    "bug": fail(ZeroDivisionError("a backend's own mistake")),
    "answer": text("It is done."),
    "city": text('{"name": "Oslo"}'),
    "final": call("final_answer", name="Oslo"),
    "wrong": call("final_answer", name=7),
}
"""What a model may do, by name."""


async def _late(event: Event) -> Event:
    await asyncio.sleep(0)
    return event


def _withhold(event: ToolFinished) -> ToolFinished | Veto:
    return Veto("not for you") if "3" in event.output else event.model_copy(update={"output": f"[{event.output}]"})


def _arguments(event: ToolRequested) -> ToolRequested | Veto | Ask | Instead:
    match event.name:
        case "add":
            return event.model_copy(update={"arguments": {**event.arguments, "a": 2}})
        case "note":
            return Veto("no notes")
        case "pay":
            return Ask("boss", "it is money")
        case "crash":
            done = ToolFinished(call_id=event.call_id, name="crash", outcome="ok", output="as if")
            return Instead(done)
        case _:
            return event


POLICIES: Mapping[str, tuple[type[Event], Callable[[Any], Any]]] = {
    "late calls": (ToolRequested, _late),
    "late results": (ToolFinished, _late),
    "arguments": (ToolRequested, _arguments),
    "withhold": (ToolFinished, _withhold),
    "instructions": (ModelRequested, lambda event: event.model_copy(update={"instructions": "Be nice."})),
    "veto": (ModelRequested, lambda event: Veto("enough") if event.turn > 2 else event),
}
"""What policies may do, by name."""
ACTS = ("turn", "turn", "turn", "send", "approve", "edit", "spoil", "reject", "cancel")


@dataclass(frozen=True)
class Plan:
    """All that makes one run differ from another."""

    lines: Sequence[str]
    policies: Sequence[str]
    acts: Sequence[str]
    typed: bool
    limits: Limits
    retries: int
    mode: str


def plans(*, policies: bool = True) -> st.SearchStrategy[Plan]:
    """Any plan; or only those without policies."""
    chosen = st.lists(st.sampled_from(sorted(POLICIES)), max_size=3, unique=True) if policies else st.just([])
    return st.builds(
        Plan,
        lines=st.lists(st.sampled_from(sorted(LINES)), max_size=6),
        policies=chosen,
        acts=st.lists(st.sampled_from(ACTS), max_size=25),
        typed=st.booleans(),
        limits=st.builds(
            Limits,
            turns=st.sampled_from([2, 5]),
            tool_calls=st.sampled_from([None, None, 1, 2]),
            repeats=st.sampled_from([0, 2, 3]),
        ),
        retries=st.integers(1, 3),
        mode=st.sampled_from(["auto", "tool", "prompt"]),
    )


def agent_of(plan: Plan, **options: Any) -> Agent[Any]:
    """The agent of a plan; two of one plan are alike."""
    typed: dict[str, Any] = {"output": City, "output_mode": plan.mode, "output_retries": 1} if plan.typed else {}
    usual: dict[str, Any] = {
        "model": Scripted([LINES[line] for line in plan.lines]),
        "instructions": "Be brief.",
        "tools": [add, note, pay, refund, crash, look],
        "limits": plan.limits,
        "retry": RetryPolicy(attempts=plan.retries, first_s=0, mid_stream=True),
        "fallback": [Scripted([text("Then I say it.")] * 3, model="second")],
        "compaction": KeepLatest(),
    }
    return Agent(**{**usual, **typed, **options})


def _noted(event: ToolFinished) -> Noted:
    return Noted(note=event.name)


async def lived(plan: Plan) -> Run[Any]:
    """A run that went by the plan."""
    async with Runtime(blocked_s=0, grace_s=20) as runtime:
        runtime.derive(ToolFinished)(_noted)
        for name in plan.policies:
            kind, judge = POLICIES[name]
            runtime.intercept(kind, name=name)(judge)
        if plan.limits.turns == 2:
            runtime.subscribe(SlidingWindow(3))
        run = await runtime.start(agent_of(plan), "go")
        for act in plan.acts:
            await _act(run, act)
        for _ in range(200):
            if run.status is not None:
                break
            await _act(run, "approve")
        else:
            await run.cancel("the test was over")
        await run.outcome()
    return run


def judged(plan: Plan) -> set[type[Event]]:
    """The kinds of events that the plan has policies for."""
    windows: set[type[Event]] = {ModelRequested} if plan.limits.turns == 2 else set()
    return windows | {POLICIES[name][0] for name in plan.policies}


EDITS: Mapping[str, Any] = {"approve": None, "edit": {"usd": 1}, "spoil": {"usd": "much"}, "reject": None}


async def _act(run: Run[Any], act: str) -> None:
    """Do one thing, if it can be done now."""
    await asyncio.sleep(0)
    if run.status is not None:
        return
    if act == "cancel":
        await run.cancel("enough")
    elif act == "send":
        with suppress(RunOver):
            await run.send("And hurry.")
    if act == "spoil":
        # As by a process that does not know the agent, and cannot see that the arguments do not fit.
        run.given = NOTHING
    for call_id in list(run.state.waiting)[:1] if act in EDITS else ():
        with suppress(NothingToDecide):
            await run.decide(call_id, approve=act != "reject", reason="so it is", arguments=EDITS[act])
