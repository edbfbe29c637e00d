"""Puts an agent together: the one place that names the handlers."""

from collections.abc import Mapping

from ..backends.contract import Backend
from ..bus.event import Event
from ..bus.stages import Stage, StageTable
from ..events.human import ApprovalDecided
from ..events.model import ModelFailed, ModelReplied, ModelRequested
from ..events.run import RunStarted
from ..events.tool import ToolFinished, ToolRequested
from ..events.turn import TurnFinished, TurnStarted
from ..handlers.limits import Limits
from ..handlers.stages.advance import Advance
from ..handlers.stages.begin import Begin
from ..handlers.stages.decide import Decide
from ..handlers.stages.done import Done
from ..handlers.stages.give_up import GiveUp
from ..handlers.stages.model import AskModel
from ..handlers.stages.prompt import Prompt
from ..handlers.stages.route import Route
from ..handlers.stages.tools import CallTools
from ..tools.threads import ThreadPool
from .spec import AgentSpec


def assemble(agent: AgentSpec, backend: Backend, threads: ThreadPool, limits: Limits) -> Mapping[type[Event], Stage]:
    """The stages of an agent's loop, by the event that each answers."""
    call_tools = CallTools(agent.toolset, threads, limits, agent.result_bytes)
    stages = StageTable()
    stages.add(RunStarted, Begin())
    stages.add(TurnStarted, Prompt(backend.model, agent.instructions))
    stages.add(ModelRequested, AskModel(backend, tuple(agent.toolset), agent.settings, streaming=agent.streaming))
    stages.add(ModelReplied, Route())
    stages.add(ModelFailed, GiveUp())
    stages.add(ToolRequested, call_tools)
    stages.add(ApprovalDecided, Decide(call_tools))
    stages.add(ToolFinished, Done(limits.repeats))
    stages.add(TurnFinished, Advance(limits))
    return dict(stages.owners)
