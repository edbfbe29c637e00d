"""A model's name says who is paid."""

import pytest

from loopbus.backends.catalogue.routes import GATEWAYS, PROVIDER_IDS, Route, provider_id, routes
from loopbus.backends.providers import PROVIDERS


@pytest.mark.parametrize(
    ("model", "where"),
    [
        ("openai:gpt-5.2", [Route("gpt-5.2", "openai")]),
        ("openai-responses:gpt-5.2", [Route("gpt-5.2", "openai")]),
        ("azure-responses:gpt-5.2", [Route("gpt-5.2", "azure")]),
        ("vertex:gemini-3", [Route("gemini-3", "google")]),
        ("gemini:models/gemini-3", [Route("gemini-3", "google")]),
        ("bedrock-invoke:us.anthropic.claude-v1:0", [Route("us.anthropic.claude-v1:0", "aws")]),
        ("huggingface:Qwen/Qwen3:novita", [Route("Qwen/Qwen3", "huggingface_novita")]),
        ("huggingface:Qwen/Qwen3", []),
        ("litellm:gpt-5.2", [Route("gpt-5.2")]),
        ("litellm:xai/grok-4", [Route("grok-4", "x-ai"), Route("xai", "grok-4")]),
        ("portkey:@openai/gpt-5.2", [Route("gpt-5.2", "openai"), Route("openai", "gpt-5.2")]),
        ("helicone:gpt-5.2/azure", [Route("azure", "gpt-5.2"), Route("gpt-5.2", "azure")]),
        ("api.acme.com:large", [Route("large", url="https://api.acme.com")]),
        ("ollama:qwen3", []),
        ("localhost:large", []),
        ("nonsense", []),
        ("", []),
    ],
)
def test_a_name_is_looked_up_with_who_sells_it(model: str, where: list[Route]) -> None:
    """By a provider's id, through a gateway by what the name says, by an address; or nowhere."""
    assert list(routes(model)) == where


def test_the_table_names_providers_of_ours() -> None:
    """A row that is renamed there is renamed here."""
    assert set(PROVIDER_IDS) | GATEWAYS <= set(PROVIDERS)
    assert provider_id("ollama") is None
