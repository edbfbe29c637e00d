"""The providers that embed: one table over the rows of ``backends.providers``. A row adds a service."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..provider import Provider
from ..providers import ANY_ADDRESS, PROVIDERS
from .wire.cohere import BEDROCK_COHERE, COHERE
from .wire.gemini import GEMINI, GEMINI_2, VERTEX, VERTEX_GEMINI
from .wire.ollama import OLLAMA
from .wire.openai import ALIBABA, AZURE_DEPLOYMENT, MISTRAL, OPENAI, OPENAI_COMPATIBLE, ZAI
from .wire.titan import TITAN_V1, TITAN_V2
from .wire.wire import EmbeddingWire

Wires = Mapping[str, EmbeddingWire]
"""By the beginning of a model's name; the first that fits is taken, and the empty one always fits."""


@dataclass(frozen=True, slots=True)
class Service:
    """A provider's address and key, which chat has too, and the wires that its models are spoken to over."""

    provider: Provider
    wires: Wires


def _services(wire: EmbeddingWire, *names: str) -> dict[str, Service]:
    return {name: Service(PROVIDERS[name], {"": wire}) for name in names}


SERVICES: Mapping[str, Service] = {
    **_services(OPENAI, "openai", "azure"),
    **_services(AZURE_DEPLOYMENT, "azure-deployment"),
    "google": Service(PROVIDERS["google"], {"gemini-embedding-2": GEMINI_2, "": GEMINI}),
    "google-vertex": Service(PROVIDERS["google-vertex"], {"gemini-embedding": VERTEX_GEMINI, "": VERTEX}),
    "bedrock": Service(
        PROVIDERS["bedrock"],
        {"amazon.titan-embed-text-v2": TITAN_V2, "amazon.titan-embed": TITAN_V1, "cohere.embed": BEDROCK_COHERE},
    ),
    **_services(COHERE, "cohere"),
    **_services(MISTRAL, "mistral"),
    **_services(ALIBABA, "alibaba"),
    **_services(ZAI, "zai"),
    "ollama": Service(PROVIDERS["ollama-chat"], {"": OLLAMA}),
    "ollama-openai": Service(PROVIDERS["ollama"], {"": OPENAI_COMPATIBLE}),
    **_services(
        OPENAI_COMPATIBLE,
        "together",
        "openrouter",
        "lmstudio",
        "vllm",
        "gpustack",
        "litellm",
        "portkey",
        "helicone",
    ),
}
"""Every service, by the name that stands before the colon."""

ANY_SERVICE = Service(ANY_ADDRESS, {"": OPENAI_COMPATIBLE})
"""The row for a server that is given by its address."""
