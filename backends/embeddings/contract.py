"""What every embedder promises: texts in, a vector for each, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from ...events.usage import NO_USAGE, Usage
from .vectors import Vector

Purpose = Literal["document", "query", "classification", "clustering"]
"""What a vector is for. Some models embed a question otherwise than what answers it; the others pass over this."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A vector for each text, in the texts' order; all have the same length."""

    vectors: tuple[Vector, ...]
    model: str
    """Who made them. Vectors of two models cannot be compared."""
    usage: Usage = NO_USAGE
    """What it took, as far as the provider tells: only ``input_tokens`` are counted."""

    @property
    def dimensions(self) -> int:
        """The vectors' length; 0 if there are none."""
        return len(self.vectors[0]) if self.vectors else 0


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors, with one model. Any number of ``embed`` calls may be under way at once."""

    @property
    def model(self) -> str:
        """The name shown in events and looked up in price tables, such as ``openai:text-embedding-3-small``."""
        ...

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = "document",
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> Embeddings:
        """A vector for each of ``texts``, however many they are; of none, none.

        ``dimensions`` asks for shorter vectors, where a model has them. A text that is longer than the model reads is
        an error, unless ``truncate`` lets its end go. Cancelling closes what is under way.

        :raises BadText: a text is blank, no text, or refused; says which. No vector is returned for the others.
        :raises TextTooLong: a text is too long; says which.
        :raises BackendError: the model could not be reached, refused, or sent what cannot be understood.
        """
        ...

    async def aclose(self) -> None:
        """Free everything the embedder holds. Closing twice is harmless."""
        ...
