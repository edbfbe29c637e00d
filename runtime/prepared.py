"""Agents made ready to run: each is put together once, and each model that is asked for by name is made once."""

import logging
from collections.abc import Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

from anyio import fail_after

from ..backends.contract import Backend
from ..backends.known import resolve
from ..bus.event import Event
from ..bus.stages import Stage
from ..handlers.limits import Limits
from ..handlers.models import Models
from ..tools.threads import ThreadPool
from .assemble import assemble
from .checks import TEXT, check
from .setup import setup_of
from .spec import AgentSpec

_log = logging.getLogger("loopbus.runtime")
_RULES = {"Backend.model": TEXT}
Stages = Mapping[type[Event], Stage]


class Ready(NamedTuple):
    """An agent that can be run at once."""

    models: Models
    stages: Stages
    setup: str
    """See ``RunStarted``."""


class Prepared:
    """The stages of agents, kept for as long as the agent lives, and the backends of models that have a name."""

    def __init__(self, threads: ThreadPool) -> None:
        self._threads = threads
        self._ready: WeakKeyDictionary[AgentSpec, Ready] = WeakKeyDictionary()
        self._backends: dict[str, Backend] = {}

    def backend(self, model: str | Backend) -> Backend:
        """The backend of an agent's ``model``: its own object, or the one that all agents share by that name.

        :raises NotConfigured: there is no such model, or its key or extra is missing.
        :raises BadInput: the object's name is none.
        """
        if not isinstance(model, str):
            check(_RULES, **{"Backend.model": model.model})
            return model
        backend = self._backends.get(model)
        if backend is None:
            backend = self._backends[model] = resolve(model)
        return backend

    def ready(self, agent: AgentSpec, limits: Limits | None) -> Ready:
        """What runs an agent, under limits of one run or, where there are none, under its own.

        :raises NotConfigured: one of its models cannot be asked.
        :raises NameTwice: two of its models have one name.
        """
        ready = self._ready.get(agent)
        if ready is None:
            models = Models(self.backend(agent.model), [self.backend(each) for each in agent.fallback], self.backend)
            ready = Ready(models, assemble(agent, models, self._threads, agent.limits), setup_of(agent))
            self._ready[agent] = ready
        if limits is None or limits is agent.limits:
            return ready
        return ready._replace(stages=assemble(agent, ready.models, self._threads, limits))

    async def aclose(self, grace_s: float) -> None:
        """Close the backends that were made here, each within ``grace_s`` seconds; one that cannot is logged."""
        for name, backend in self._backends.items():
            try:
                with fail_after(grace_s):
                    await backend.aclose()
            except Exception:
                _log.exception("the backend of model %s did not close", name)
