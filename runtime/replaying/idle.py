"""The models and the tools of an agent as they describe themselves, so that nothing they are asked is ever done."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

from ...backends.contract import Backend, Capabilities, Delta, Request
from ...backends.errors import NotConfigured
from ...backends.known import FACTORIES, MODELS, resolve
from ...handlers.models import Models
from ...tools.tool import Tool
from ..spec import AgentSpec


@dataclass(frozen=True)
class Unasked:
    """A ``Backend`` that says what it is, and answers nothing; it needs no key and no connection."""

    model: str
    capabilities: Capabilities

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """See ``Backend``.

        :raises NotConfigured: always; a replay takes every reply from the log.
        """
        raise NotConfigured(f"{self.model} is only named here: a replay asks no model")

    async def aclose(self) -> None:
        """See ``Backend``. There is nothing to free."""


def idle_tools(agent: AgentSpec[Any]) -> list[Tool]:
    """The tools of an agent: they check arguments and ask for approval as ever, and do nothing."""
    return [replace(tool, fn=_nothing) for tool in agent.toolset]


async def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def models_of(agent: AgentSpec[Any]) -> Models:
    """The models of an agent, not to be asked.

    :raises NotConfigured: there is no model of a name.
    :raises NameTwice: two of them have one name.
    """
    return Models(_named(agent.model), [_named(each) for each in agent.fallback], _named)


def _named(model: str | Backend) -> Backend:
    if not isinstance(model, str):
        return model
    if model.partition(":")[0] in FACTORIES:
        return resolve(model)
    named = MODELS.find(model)
    return Unasked(f"{named.provider}:{named.model}", named.row.capabilities)
