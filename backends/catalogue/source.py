"""Where a catalogue has its knowledge from."""

from collections.abc import Iterable
from typing import Protocol

from .info import ModelInfo


class Source(Protocol):
    """Knows models by the names that an agent is given, such as ``openai:gpt-5.2``. Asking it is cheap."""

    def load(self) -> None:
        """Make ready for questions.

        :raises NotConfigured: what brings the knowledge is not installed; names the extra. So does every question.
        """
        ...

    def find(self, model: str) -> ModelInfo | None:
        """What is known of a model."""
        ...

    def models(self, provider: str) -> Iterable[ModelInfo]:
        """Every model that is known of a provider, by the provider's name in our table."""
        ...
