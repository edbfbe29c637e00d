"""What a model can do goes by its family, as far as its provider carries it."""

from fnmatch import fnmatchcase

import pytest

from loopbus.backends.catalogue.families import FAMILIES, abilities

PAPERS = {"text", "image", "file"}


@pytest.mark.parametrize(
    ("provider", "model", "inputs", "tools", "structured"),
    [
        ("openai", "gpt-5.2-2025-12-11", PAPERS, True, True),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", PAPERS, True, True),
        ("openai", "gpt-3.5-turbo", {"text"}, True, False),
        ("openai", "o1-mini", {"text"}, False, False),
        ("openai", "text-embedding-3-small", {"text"}, False, False),
        ("azure", "gpt-5.2", {"text", "image"}, True, True),
        ("openrouter", "anthropic/claude-sonnet-4.5", PAPERS, True, True),
        ("anthropic", "claude-sonnet-4-5-20250929", PAPERS, True, True),
        ("anthropic", "claude-sonnet-4-20250514", PAPERS, True, False),
        ("bedrock", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", PAPERS, True, False),
        ("bedrock", "eu.amazon.nova-micro-v1:0", {"text"}, True, False),
        ("vertex", "publishers/google/models/gemini-2.5-pro", {*PAPERS, "audio", "video"}, True, True),
        ("perplexity", "sonar-pro", {"text", "image"}, False, True),
        ("deepseek", "deepseek-chat", {"text"}, True, False),
        ("unheard.of", "claude-sonnet-4-5", PAPERS, True, True),
        ("openai", "no-such-family", None, None, None),
        ("deepseek", "no-such-family", None, None, False),
    ],
)
def test_a_model_is_known_by_its_family(
    provider: str, model: str, inputs: set[str] | None, tools: bool | None, structured: bool | None
) -> None:
    """Whatever dates, makers and regions are in its name; what its provider cannot carry, it cannot be shown."""
    info = abilities(provider, model)
    assert (info.inputs, info.tools, info.structured_output) == (inputs, tools, structured)


def test_every_family_can_be_reached() -> None:
    """No pattern stands behind a wider one that takes all of its members."""
    patterns = list(FAMILIES)
    hidden = [
        later
        for place, later in enumerate(patterns)
        for earlier in patterns[:place]
        if fnmatchcase(later.replace("*", "x").replace("[134]", "1").replace("[23]", "2"), earlier)
    ]
    assert hidden == []
