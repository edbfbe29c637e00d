"""A run with everything in it that a crash could do twice, and the program of a process that drives such runs."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from loopbus.backends import Broken, Request, Scripted, call, text
from loopbus.backends.script import Line
from loopbus.bus import dump
from loopbus.events import MessageInjected, ModelReplied, RunSuspended, ToolFinished
from loopbus.handlers.retry import RetryPolicy
from loopbus.runtime import Agent, KeepOptions, Run, RunOver, Runtime
from loopbus.stores import Survives
from loopbus.tools import Tool, ToolContext, tool

from .deadly import Cut, die, log_at
from .diary import Diary


class Receipt(BaseModel):
    """What an errand comes to."""

    charged: int
    refunded: int


ANSWER = Receipt(charged=7, refunded=3)
AT_MOST_ONCE = ("charge", "refund")
POISON = "poison"
"""The prompt at which a process dies whenever its model is asked."""
SLOW, SLOW_S = "slow", 0.02
"""How the prompts begin at which the model takes its time, and how long that is."""
FAILING = 1
"""The turn whose first request fails."""


def tools(diary: Diary) -> list[Tool[..., Any]]:
    """Tools whose effects are noted, in the middle of their calls."""

    async def act(context: ToolContext[Any]) -> None:
        await asyncio.sleep(0)
        diary.note("ran", run=context.run_id, call=context.call_id, key=context.idempotency_key)
        await asyncio.sleep(0)

    @tool
    async def look(context: ToolContext[Any], shelf: int) -> str:
        """Look, which takes longer than the others."""
        await act(context)
        await asyncio.sleep(0)
        return f"shelf {shelf} is full"

    @tool
    async def charge(context: ToolContext[Any], usd: int) -> int:
        """Take money, which must not happen twice."""
        await act(context)
        return usd

    @tool(delivery="idempotent")
    async def notify(context: ToolContext[Any], who: str) -> str:
        """Tell somebody, who knows by the key what was told before."""
        await act(context)
        return f"told {who}"

    @tool(needs_approval=True)
    async def refund(context: ToolContext[Any], usd: int) -> int:
        """Give money back, if somebody agrees."""
        await act(context)
        return usd

    return [look, charge, notify, refund]


TURNS: list[Line] = [
    [text("I see to it."), call("look", shelf=1), call("charge", usd=7), call("notify", who="alice")],
    [call("refund", usd=3), call("look", shelf=2)],
    text(ANSWER.model_dump_json()),
]


def errand(diary: Diary) -> Agent[Receipt]:
    """An agent that runs errands: three turns, of which the second is asked for twice."""

    async def answer(request: Request) -> Line:
        turn = sum(message.role == "assistant" for message in request.messages)
        prompt = request.messages[0].text
        asked_before = diary.asked(prompt, turn)
        if prompt == POISON:
            die()
        if prompt.startswith(SLOW):
            await asyncio.sleep(SLOW_S)
        if turn == FAILING and not asked_before:
            return Broken("the line went dead")
        # What is sent to a run in its last turn has it answer once more.
        return TURNS[min(turn, len(TURNS) - 1)]

    retry = RetryPolicy(attempts=100, first_s=0)
    return Agent(Scripted(answer), name="errand", tools=tools(diary), output=Receipt, output_mode="prompt", retry=retry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one process is to do: go on with every run that it finds in the store, and begin some."""

    url: str
    diary: str
    begin: tuple[str, ...] = ()
    """The prompts of the runs to begin."""
    cut: Cut | None = None
    seconds: float | None = None
    """After how long it is killed, if it lives that long."""
    ahead_s: float = 0.0
    """How far its clock is ahead: past the end of every lease of those who lived before."""
    lease_s: float = 30.0
    survives: Survives = "power-loss"
    attempts: int = 50


async def live(life: Life) -> None:
    """Drive runs to their ends, and note what could be seen of them, unless something ends it before."""
    diary = Diary(life.diary)
    agent = errand(diary)
    keeping = KeepOptions(lease_s=life.lease_s, attempts=life.attempts)
    async with (
        log_at(life.url, life.ahead_s, life.cut, life.survives) as log,
        Runtime(store=log, agents=[agent], keeping=keeping, blocked_s=0) as runtime,
    ):
        found = [info.run_id for info in await log.runs(unfinished=True, limit=10_000)]
        for run_id in found:
            await _note_found(runtime, run_id, diary)
        async with asyncio.TaskGroup() as group:
            await runtime.recover()
            for run_id in found:
                group.create_task(_go_on(await runtime.get(run_id), diary))
            for prompt in life.begin:
                group.create_task(_begin(runtime, agent, prompt, diary))
    diary.close()


async def _note_found(runtime: Runtime, run_id: str, diary: Diary) -> None:
    log = [event async for event in runtime.store.read(run_id)]
    diary.note("found", run=run_id, seq=len(log), replies=sum(isinstance(event, ModelReplied) for event in log))


async def _begin(runtime: Runtime, agent: Agent[Receipt], prompt: str, diary: Diary) -> None:
    run = await runtime.start(agent, prompt)
    diary.note("began", run=run.id)
    await _accompany(run, diary)


async def _go_on(run: Run[Any], diary: Diary) -> None:
    await _decide(run, diary)
    await _accompany(run, diary)


async def _accompany(run: Run[Any], diary: Diary) -> None:
    """Read a run to its end; say something to it when a result is in, once, and decide when all it does is wait."""
    async for event in run.events():
        diary.note("saw", run=run.id, event=dump(event))
        if isinstance(event, RunSuspended):
            await _decide(run, diary)
        elif isinstance(event, ToolFinished) and not _was_told(run):
            # It may be about to end, if a crash came before this could be said.
            with suppress(RunOver):
                await run.send("and mind the step")
                diary.note("sent", run=run.id)


async def _decide(run: Run[Any], diary: Diary) -> None:
    for call_id in list(run.state.waiting):
        await run.decide(call_id, approve=True, author="kim")
        diary.note("decided", run=run.id, call=call_id)


def _was_told(run: Run[Any]) -> bool:
    return any(isinstance(event, MessageInjected) for event in run.journal.events)
