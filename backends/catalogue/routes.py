"""Which provider of ``genai-prices`` a model's name means: one table from our providers to theirs."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..providers import ALIASES

PROVIDER_IDS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "azure": "azure",
    "azure-deployment": "azure",
    "bedrock": "aws",
    "bedrock-invoke": "aws",
    "bedrock-mantle": "aws",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "cohere-v1": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "google-vertex": "google",
    "google-vertex-express": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "xai": "x-ai",
    "zai": "zai",
}
"""Their name for who is paid. Who is not in it sells nothing that is listed, or is one of the other two kinds."""

GATEWAYS = frozenset({"helicone", "litellm", "portkey"})
"""Who passes on to others, whom the model's name says."""


class Route(NamedTuple):
    """Where to look a model up: by a provider's id, by its address, or, with neither, by the model's name alone."""

    model: str
    provider_id: str | None = None
    url: str | None = None


def provider_id(provider: str) -> str | None:
    """Their id for one of our providers, if they have one."""
    return PROVIDER_IDS.get(ALIASES.get(provider, provider).removesuffix("-responses"))


def routes(model: str) -> Iterator[Route]:
    """Where to look a model up that an agent calls so; the first that knows it counts."""
    provider, _, name = model.partition(":")
    name = name.removeprefix("models/")
    if their_id := provider_id(provider):
        yield Route(name, their_id)
    elif provider in GATEWAYS:
        yield from _behind_gateway(name.removeprefix("@"))
    elif provider == "huggingface":
        # Without a suffix the router picks who answers, and nobody can say at what price.
        model_name, _, seller = name.rpartition(":")
        if model_name:
            yield Route(model_name, f"huggingface_{seller}")
    elif "." in provider:
        yield Route(name, url=f"https://{provider}")


def _behind_gateway(name: str) -> Iterator[Route]:
    first, slash, rest = name.partition("/")
    if not slash:
        yield Route(name)
        return
    yield Route(rest, provider_id(first) or first)
    front, _, last = name.rpartition("/")
    yield Route(front, provider_id(last) or last)
