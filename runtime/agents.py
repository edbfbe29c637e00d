"""The agents that a runtime knows, by name: what takes up a run whose log names its agent."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from .checks import of
from .errors import BadInput, UnknownAgent
from .setup import setup_of
from .spec import AgentSpec

_AGENT = of(AgentSpec, "")
_KEPT = 64
"""How many agents are kept that nobody declared."""


class Agents:
    """Agents that were declared, and those that runs were started with, for as long as anybody has them.

    Those of runs that wait in the store are kept longer: the last 64 of them.

    :raises BadInput: what is declared is no agent, or two of one name.
    """

    def __init__(self, declared: Iterable[AgentSpec[Any]]) -> None:
        self._declared: dict[str, AgentSpec[Any]] = {}
        self._met: WeakSet[AgentSpec[Any]] = WeakSet()
        self._kept: OrderedDict[AgentSpec[Any], None] = OrderedDict()
        for agent in declared:
            if not _AGENT.holds(agent):
                raise BadInput(f"agents=[{agent!r:.80}]: give agents, as in agents=[Agent('local', name='clerk')]")
            if self._declared.setdefault(agent.name, agent) is not agent:
                raise BadInput(f"agents=[...]: two are called {agent.name!r}; a run is found by its agent's name")

    def meet(self, agent: AgentSpec[Any]) -> None:
        """Remember an agent that a run is started with."""
        self._met.add(agent)

    def keep(self, agent: AgentSpec[Any]) -> None:
        """Hold on to the agent of a run that is left: who started the run may have let go of it."""
        self._met.add(agent)
        self._kept[agent] = None
        self._kept.move_to_end(agent)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def find(self, name: str, setup: str) -> AgentSpec[Any]:
        """The agent of this name; of several that were met, one that asks the way ``setup`` says.

        :raises UnknownAgent: there is none, or several and none of them does.
        """
        declared = self._declared.get(name)
        if declared is not None:
            return declared
        met = [agent for agent in self._met if agent.name == name]
        if len(met) > 1:
            met = [agent for agent in met if setup_of(agent) == setup]
        if met:
            return met[0]
        known = ", ".join(sorted({*self._declared, *(agent.name for agent in self._met)})) or "none"
        raise UnknownAgent(
            f"no agent called {name!r} is known here (known: {known}); give it, as in resume(run_id, agent=agent), "
            "or to the runtime, as in Runtime(store=..., agents=[agent])"
        )
