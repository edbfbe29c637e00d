"""Turn texts into vectors: by a provider's model, or by one on this machine's own CPU."""

from .contract import Embedder, Embeddings, Purpose
from .errors import BadText, TextTooLong
from .hosted import HostedEmbedder
from .known import embedder
from .local.embedder import LocalEmbedder
from .retries import Retries
from .vectors import Vector, cosine

__all__ = [
    "BadText",
    "Embedder",
    "Embeddings",
    "HostedEmbedder",
    "LocalEmbedder",
    "Purpose",
    "Retries",
    "TextTooLong",
    "Vector",
    "cosine",
    "embedder",
]
