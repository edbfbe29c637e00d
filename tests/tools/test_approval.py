"""A tool says itself who has to agree to which of its calls."""

from collections.abc import Mapping
from typing import Any

import pytest

from loopbus.events.human import Ask
from loopbus.tools import BadTool, tool
from loopbus.tools.approval import Approval, question

FINANCE = Ask("finance", "money leaves", timeout_s=60)


def above_ten(arguments: Mapping[str, Any]) -> bool | Ask:
    """Let small sums through."""
    return arguments["usd"] > 10 and FINANCE


def boss_or_owner(arguments: Mapping[str, Any]) -> str:
    """Name somebody."""
    return "boss" if arguments["usd"] < 100 else "owner"


def never(_: Mapping[str, Any]) -> bool:
    """Ask nobody."""
    return False


@pytest.mark.parametrize(
    ("needs", "asked"),
    [
        (False, None),
        (True, Ask("", "the tool needs it")),
        ("finance", Ask("finance", "the tool needs it")),
        (FINANCE, FINANCE),
        (above_ten, FINANCE),
        (boss_or_owner, Ask("boss", "the tool needs it")),
        (never, None),
    ],
)
def test_a_tool_asks_nobody_somebody_or_by_its_arguments(needs: Approval, asked: Ask | None) -> None:
    """A function is given the arguments as they were checked."""

    @tool(needs_approval=needs)
    def pay(usd: int) -> None:
        """Pay."""

    assert question(pay.needs_approval, pay.validate({"usd": "20"})) == asked


def raises(_: Mapping[str, Any]) -> bool:
    """A rule that has a bug."""
    raise KeyError("usd")


def exits(_: Mapping[str, Any]) -> bool:
    """A rule that would end the process."""
    raise SystemExit(3)


def forgets(_: Mapping[str, Any]) -> Any:
    """A rule without its return."""


def changes(arguments: Mapping[str, Any]) -> bool:
    """A rule that reaches for the call."""
    arguments["usd"] = 0  # pyright: ignore[reportIndexIssue] - the point
    return False


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (raises, "raised KeyError"),
        (exits, "raised SystemExit"),
        (forgets, "answered a NoneType"),
        (changes, "raised TypeError"),
    ],
)
def test_a_rule_that_fails_has_a_person_decide(rule: Any, words: str) -> None:
    """What was to be looked at does not happen by mistake, and no rule changes the call."""
    arguments = {"usd": 20}
    asked = question(rule, arguments)
    assert asked is not None
    assert words in asked.reason
    assert arguments == {"usd": 20}


def test_a_rule_does_not_swallow_the_users_interrupt() -> None:
    """Ctrl-C ends the program, wherever it strikes."""

    def interrupted(_: Mapping[str, Any]) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        question(interrupted, {})


async def slow(_: Mapping[str, Any]) -> bool:
    """Nobody would await this."""
    return False


@pytest.mark.parametrize("needs", [None, "", 1, Ask, slow])
def test_what_says_nothing_about_approval_is_refused(needs: Any) -> None:
    """Where the tool is made, and not when it is too late."""
    with pytest.raises(BadTool, match="tool 'pay': needs_approval"):

        @tool(needs_approval=needs)
        def pay() -> None:
            """Pay."""
