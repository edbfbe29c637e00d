"""The public face: few names, each loaded when it is first used, so that importing the package costs nearly nothing."""

import importlib.metadata
import subprocess
import sys

import pytest

import loopbus
from loopbus.tools import tool

from .architecture import OWN, package_folders

pytestmark = pytest.mark.usefixtures("unmeasured")

HEAVY = ("anyio", "asyncio", "httpx", "httpx2", "opentelemetry", "pydantic", "structlog")


def python(source: str) -> str:
    """Run ``source`` in a fresh interpreter and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", source]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def loaded(statement: str) -> set[str]:
    """Which of the heavy packages a statement brings along."""
    names = python(f"import sys\n{statement}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))")
    return set(names.split())


def test_importing_the_package_loads_nothing() -> None:
    """Whoever imports it only to have it, a command's completion or a test's collection, does not pay for the rest."""
    assert loaded(f"import {OWN}") == set()


def test_an_agent_loads_no_client_and_no_tracer() -> None:
    """What speaks HTTP or writes traces is loaded with the backend or the observer that does so."""
    statement = f"from {OWN} import *\nimport {OWN}.backends, {OWN}.events, {OWN}.handlers.policies"
    assert loaded(statement).isdisjoint({"httpx", "httpx2", "opentelemetry", "structlog"})


def test_a_provider_s_wire_is_loaded_with_the_first_model_of_that_provider() -> None:
    """There are a dozen, and most programs speak one; that of OpenAI is in many others and loaded with the room."""
    statement = (
        f"import sys\nfrom {OWN} import Agent, Runtime, tool\nfrom {OWN}.backends import Scripted, resolve\n"
        f"from {OWN}.backends.providers import PROVIDERS\n"
        "wires = {row.speaks.partition(':')[0] for row in PROVIDERS.values()}\n"
        f"spoken = lambda: sorted(wire for wire in wires if '{OWN}.backends.wire.' + wire in sys.modules)\n"
        "Agent(Scripted(['hi'])), resolve('local')\nprint(*spoken())\n"
        "resolve('anthropic:m', api_key='k')\nprint(*spoken())"
    )
    assert python(statement).splitlines() == ["openai_chat", "anthropic_messages openai_chat"]


def test_the_embedded_model_is_loaded_with_the_first_agent_that_uses_it() -> None:
    """Its engine, its weights and its prompts are a good part of all there is to load."""
    statement = f"import sys\nfrom {OWN} import Agent\nfrom {OWN}.backends import Scripted\nAgent(Scripted(['hi']))"
    assert python(f"{statement}\nprint('{OWN}.backends.local.backend' in sys.modules)") == "False"


def test_every_name_is_the_one_from_its_room() -> None:
    """The face re-exports; it makes nothing of its own."""
    assert loopbus.tool is tool
    assert all(
        getattr(loopbus, name).__module__.startswith(f"{OWN}.") for name in set(loopbus.__all__) - {"__version__"}
    )


def test_a_star_import_gives_every_name() -> None:
    """``from loopbus import *`` finds the names that are not loaded yet."""
    assert (
        python(f"from {OWN} import *\nimport {OWN}\nprint(all(name in globals() for name in {OWN}.__all__))") == "True"
    )


def test_the_names_can_be_seen_before_they_are_used() -> None:
    """Completion in a shell knows every name and every room."""
    assert {*loopbus.__all__, "backends", "events", "runtime"} <= set(dir(loopbus))


def test_every_room_is_an_attribute() -> None:
    """``import loopbus`` is enough to write ``loopbus.events.ToolFinished``; the command line is no library."""
    rooms = {folder.name for folder in package_folders() if folder.parent == next(package_folders())} - {"cli"}
    source = f"import {OWN}\nprint(*sorted(getattr({OWN}, room).__name__ for room in {sorted(rooms)!r}))"
    assert python(source).split() == [f"{OWN}.{room}" for room in sorted(rooms)]


def test_a_name_that_is_not_there_is_an_attribute_error_with_those_that_are() -> None:
    """A slip reads as one, and ``hasattr`` works."""
    with pytest.raises(AttributeError, match=r"module 'loopbus' has no attribute 'agent'; it has Agent, Ask"):
        getattr(loopbus, "agent")  # noqa: B009 - a type checker would refuse the attribute
    assert not hasattr(loopbus, "Bot")


def test_the_version_is_the_installed_one() -> None:
    """It is written down twice, and here held together."""
    assert loopbus.__version__ == importlib.metadata.version(OWN)
