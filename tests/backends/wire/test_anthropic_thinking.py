"""How a Claude model is told to think, by its name."""

from typing import Any

import pytest

from loopbus.backends.contract import Settings
from loopbus.backends.wire.anthropic_thinking import BUDGETS, EFFORTS, thinking

BUDGET: dict[str, Any] = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
ADAPTIVE: dict[str, Any] = {"thinking": {"type": "adaptive"}}
LOW: dict[str, Any] = {**ADAPTIVE, "output_config": {"effort": "low"}}


@pytest.mark.parametrize(
    ("model", "by_effort", "by_budget"),
    [
        ("claude-3-7-sonnet-20250219", BUDGET, BUDGET),
        ("claude-sonnet-4-20250514", BUDGET, BUDGET),
        ("claude-sonnet-4@20250514", BUDGET, BUDGET),
        ("claude-opus-4-1", BUDGET, BUDGET),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", BUDGET, BUDGET),
        ("claude-opus-4-6", LOW, BUDGET),
        ("anthropic/claude-sonnet-4.6", LOW, BUDGET),
        ("claude-opus-4-7", LOW, ADAPTIVE),
        ("claude-sonnet-5", LOW, ADAPTIVE),
        ("claude-fable-5-1", LOW, ADAPTIVE),
        ("claude-mythos-preview", LOW, ADAPTIVE),
        ("glm-5", BUDGET, BUDGET),
    ],
)
def test_the_same_wish_is_told_as_each_model_takes_it(
    model: str, by_effort: dict[str, Any], by_budget: dict[str, Any]
) -> None:
    """A model that knows no effort gets a budget for it, and one that counts no budget thinks without a bound."""
    assert thinking(model, Settings(reasoning_effort="low")) == by_effort
    assert thinking(model, Settings(reasoning_tokens=2048)) == by_budget


def test_nobody_is_told_to_think_who_was_not_asked_to() -> None:
    """What a model does by itself stays its own."""
    assert thinking("claude-sonnet-5", Settings()) == {}


@pytest.mark.parametrize("settings", [Settings(reasoning_effort="none"), Settings(reasoning_tokens=0)])
def test_thinking_is_switched_off_by_either_setting(settings: Settings) -> None:
    """Some models think unless told not to."""
    assert thinking("claude-sonnet-5", settings) == {"thinking": {"type": "disabled"}}


def test_a_budget_goes_before_an_effort() -> None:
    """As ``Settings`` promise; a model that counts none still hears the effort."""
    both = Settings(reasoning_effort="low", reasoning_tokens=2048)
    assert thinking("claude-opus-4-6", both) == BUDGET
    assert thinking("claude-sonnet-5", both) == LOW
    assert thinking("claude-sonnet-5", Settings(reasoning_effort="none", reasoning_tokens=2048)) == ADAPTIVE


def test_every_effort_has_its_words_and_its_budget() -> None:
    """None falls below what the provider takes at least."""
    assert BUDGETS.keys() == EFFORTS.keys()
    assert min(BUDGETS.values()) >= 1024
