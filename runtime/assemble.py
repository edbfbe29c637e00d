"""Puts an agent together: the one place that names the handlers."""

from collections.abc import Mapping
from typing import Any

from ..bus.event import Event
from ..bus.stages import Stage, StageTable
from ..events.human import ApprovalDecided
from ..events.model import ModelFailed, ModelReplied, ModelRequested
from ..events.recovery import ContextCompacted, FallbackChosen, RetryScheduled
from ..events.run import RunStarted
from ..events.tool import ToolFinished, ToolRequested
from ..events.turn import TurnFinished, TurnStarted
from ..handlers.answering import FREE, asking_for
from ..handlers.instructions import of_deps
from ..handlers.limits import Limits
from ..handlers.models import Models
from ..handlers.retry import ONCE, USUAL
from ..handlers.retrying import Retrying
from ..handlers.stages.advance import Advance
from ..handlers.stages.ask_again import AskAgain
from ..handlers.stages.begin import Begin
from ..handlers.stages.decide import Decide
from ..handlers.stages.done import Done
from ..handlers.stages.judge import Judge
from ..handlers.stages.model import AskModel
from ..handlers.stages.prompt import Prompt
from ..handlers.stages.recover import Recover
from ..handlers.stages.route import Route
from ..handlers.stages.tools import CallTools
from ..tools.threads import ThreadPool
from ..tools.toolset import Toolset
from .spec import AgentSpec


def assemble(agent: AgentSpec, models: Models, threads: ThreadPool, limits: Limits) -> Mapping[type[Event], Stage]:
    """The stages of an agent's loop, by the event that each answers."""
    answer = agent.answer
    asking = FREE
    if answer is not None:
        beside_tools = len(agent.toolset) > 0
        asking = asking_for(answer, agent.output_mode, models.capabilities, beside_tools=beside_tools)
    tools = Toolset([*agent.toolset, *asking.tools]) if asking.tools else agent.toolset
    settings = asking.settings(agent.settings)
    call_tools = CallTools(tools, threads, limits, agent.result_bytes)
    advance, ask_again = Advance(limits), AskAgain()
    stages = StageTable()
    stages.add(RunStarted, Begin())
    stages.add(TurnStarted, Prompt(models.first.model, asking.instructions(of_deps(agent.instructions))))
    stages.add(
        ModelRequested,
        AskModel(
            models,
            tools.tools,
            settings,
            streaming=agent.streaming,
            output=asking.spec,
            timeouts=agent.timeouts,
            hedge_s=agent.hedge_s,
        ),
    )
    stages.add(ModelReplied, Route())
    stages.add(ModelFailed, Recover(retrying(agent), models.others, agent.compaction))
    for again in (RetryScheduled, FallbackChosen, ContextCompacted):
        stages.add(again, ask_again)
    stages.add(ToolRequested, call_tools)
    stages.add(ApprovalDecided, Decide(call_tools))
    stages.add(ToolFinished, Done(limits.repeats))
    stages.add(TurnFinished, advance if answer is None else Judge(answer, agent.output_retries, asking.again, advance))
    return dict(stages.owners)


def retrying(agent: AgentSpec[Any]) -> Retrying:
    """What decides about retries. A Backend object is the caller's own, and so is whether to ask it more than once."""
    return agent.retry or (USUAL if isinstance(agent.model, str) else ONCE)
