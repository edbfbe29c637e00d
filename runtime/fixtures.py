"""What those who look after the runs of one runtime share."""

from typing import NamedTuple

from ..bus.bus import Bus
from ..bus.tasks import TaskOwner
from .agents import Agents
from .launch import Launcher
from .prepared import Prepared


class Fixtures(NamedTuple):
    """The parts of a runtime that are there before any run and after all of them."""

    bus: Bus
    owner: TaskOwner
    launcher: Launcher
    prepared: Prepared
    agents: Agents
