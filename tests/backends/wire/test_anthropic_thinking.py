"""How a Claude model is told to think, by its name."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from typing import Any

import pytest

from loopbus.backends.contract import Settings
from loopbus.backends.wire.anthropic_thinking import BUDGETS, EFFORTS, goes_on_unthought, thinking

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


ASKED: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
CALLED: dict[str, Any] = {"role": "assistant", "content": [{"type": "tool_use"}]}
ANSWERED: dict[str, Any] = {"role": "user", "content": [{"type": "tool_result"}, {"type": "text", "text": "also"}]}
THOUGHT: dict[str, Any] = {"role": "assistant", "content": [{"type": "redacted_thinking"}, {"type": "tool_use"}]}


@pytest.mark.parametrize(
    ("messages", "unthought"),
    [
        ([], False),
        ([ASKED], False),
        ([ASKED, CALLED, ANSWERED], True),
        ([ASKED, CALLED, ANSWERED, CALLED, ANSWERED], True),
        ([ASKED, THOUGHT, ANSWERED, CALLED, ANSWERED], False),
        ([ASKED, THOUGHT, ANSWERED, CALLED, ASKED], False),
        ([ASKED, THOUGHT, ASKED, CALLED, ANSWERED], True),
        ([ASKED, CALLED, ANSWERED, CALLED, ASKED], False),
    ],
)
def test_a_turn_of_calls_that_began_without_a_thought_is_seen(messages: list[Any], unthought: bool) -> None:
    """However long it is; one that is over does not count."""
    assert goes_on_unthought(messages) is unthought


def test_converse_has_other_names_for_it() -> None:
    """The same turns as Bedrock has them."""
    answered = {"role": "user", "content": [{"toolResult": {}}]}
    called = {"role": "assistant", "content": [{"toolUse": {}}]}
    thought = {"role": "assistant", "content": [{"reasoningContent": {}}, {"toolUse": {}}]}
    asked = {"role": "user", "content": [{"text": "hi"}]}
    assert goes_on_unthought([asked, called, answered])
    assert not goes_on_unthought([asked, thought, answered])
