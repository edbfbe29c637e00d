"""How an output is asked for: natively, by a tool, or in words; the first that a backend can."""

from typing import Any

import pytest

from loopbus.backends import Capabilities
from loopbus.backends.contract import OutputSpec, Settings
from loopbus.handlers.answering import FREE, OutputMode, asking_for
from loopbus.handlers.instructions import written
from loopbus.tools import OutputType

from ..tools.kinds import Point

POINT = OutputType[Any](Point)
NATIVE = asking_for(POINT, "native", Capabilities())
TOOL = asking_for(POINT, "tool", Capabilities())
PROMPT = asking_for(POINT, "prompt", Capabilities())


@pytest.mark.parametrize(
    ("mode", "can", "asking"),
    [
        ("auto", Capabilities(output=True), NATIVE),
        ("auto", Capabilities(), TOOL),
        ("auto", Capabilities(tools=False), PROMPT),
        ("native", Capabilities(), NATIVE),
        ("tool", Capabilities(output=True, tools=False), TOOL),
        ("prompt", Capabilities(output=True), PROMPT),
    ],
)
def test_a_backend_is_asked_as_it_can_or_as_the_caller_says(mode: OutputMode, can: Capabilities, asking: Any) -> None:
    """Whoever forces a mode knows better."""
    chosen = asking_for(POINT, mode, can)
    assert (chosen.spec, chosen.words, [tool.name for tool in chosen.tools]) == (
        asking.spec,
        asking.words,
        [tool.name for tool in asking.tools],
    )


def test_what_a_provider_refuses_together_is_not_asked_together() -> None:
    """Beside the agent's own tools the answer is a call too, where the schema and tools exclude each other."""
    can = Capabilities(output=True, output_with_tools=False)
    assert asking_for(POINT, "auto", can).spec is not None
    assert asking_for(POINT, "auto", can, beside_tools=True).tools
    assert asking_for(POINT, "auto", Capabilities(output=True), beside_tools=True).spec is not None
    assert asking_for(POINT, "native", can, beside_tools=True).spec is not None


def test_each_mode_asks_in_one_place_only() -> None:
    """The schema is not said twice."""
    assert NATIVE.spec == OutputSpec("Point", POINT.schema, "A place on a plane.")
    assert (NATIVE.tools, NATIVE.words) == ((), "")
    assert (TOOL.spec, TOOL.words, [tool.name for tool in TOOL.tools]) == (None, "", ["final_answer"])
    assert (PROMPT.spec, PROMPT.tools) == (None, ())
    assert POINT.schema_text in PROMPT.words


async def test_the_words_stand_behind_the_agents_own_instructions() -> None:
    """Also where these are a function, which is asked at every turn; without words nothing is touched."""
    assert PROMPT.instructions("Be brief.") == f"Be brief.\n\n{PROMPT.words}"
    assert PROMPT.instructions("") == PROMPT.words

    async def for_user(name: str) -> str:
        return f"You speak to {name}."

    assert await written(PROMPT.instructions(for_user), "Ada") == f"You speak to Ada.\n\n{PROMPT.words}"
    assert FREE.instructions(for_user) is TOOL.instructions(for_user) is for_user


@pytest.mark.parametrize(
    ("settings", "choice"),
    [
        (Settings(), "required"),
        (Settings(reasoning_effort="none"), "required"),
        (Settings(tool_choice="auto"), "auto"),
        (Settings(reasoning_effort="low"), None),
        (Settings(reasoning_tokens=1000), None),
    ],
)
def test_a_tool_is_called_in_every_reply_where_the_answer_is_one(settings: Settings, choice: str | None) -> None:
    """Unless the caller said otherwise, or the model reasons, which providers refuse to have beside a forced call."""
    assert TOOL.settings(settings).tool_choice == choice
    assert NATIVE.settings(settings) is settings
