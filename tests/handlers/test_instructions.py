"""Instructions are a text, or a function that gives one."""

from typing import Any

import pytest

from loopbus.events import BadContent
from loopbus.handlers.instructions import of_deps, written


async def test_a_text_is_itself() -> None:
    """Whoever asks."""
    assert await written("Be brief.", object()) == "Be brief."


async def test_a_function_is_asked_with_the_deps() -> None:
    """It may be async, for what it has to look up."""

    def sync(deps: str) -> str:
        return f"You talk to {deps}."

    async def looked_up(deps: str) -> str:
        return f"You talk to {deps}, a customer."

    assert await written(sync, "Ada") == "You talk to Ada."
    assert await written(looked_up, "Ada") == "You talk to Ada, a customer."


async def test_a_function_that_takes_nothing_is_not_told_the_deps() -> None:
    """What depends on the day alone needs no parameter; one that takes the deps, in whatever way, is given them."""

    async def today() -> str:
        return "It is Saturday."

    assert await written(of_deps(lambda: "It is noon."), "Ada") == "It is noon."
    assert await written(of_deps(today), "Ada") == "It is Saturday."
    assert await written(of_deps("Be brief."), "Ada") == "Be brief."
    assert await written(of_deps("You talk to {}.".format), "Ada") == "You talk to Ada."


async def test_an_answer_that_is_no_text_is_refused_by_name() -> None:
    """It would be sent to the model as it is."""

    async def forgets(deps: object) -> Any:
        """Forget to return."""

    with pytest.raises(TypeError, match=r"instructions must be a text, but .*forgets\(\) gave None"):
        await written(forgets, None)


async def test_an_answer_that_no_model_can_be_sent_is_refused_by_name() -> None:
    """Half of a surrogate pair cannot be written as UTF-8."""
    with pytest.raises(BadContent, match=r"what .*gave holds half of a surrogate pair at character 1"):
        await written(lambda deps: f"{deps}\ud83d", "a")
