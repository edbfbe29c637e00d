"""What can go wrong with a model on one's own machine.

BackendError
  NotConfigured
    UnknownLocalModel   no model of that name; lists the known ones
    MissingExtra        the engine is not installed; says how to install it
    WeightsUnavailable  no place gave the model's bytes; says for each place why
    BrokenWeights       the bytes are damaged, or are no GGUF
    EngineFailed        the engine did not start; carries the end of its log
  Broken
    EngineLost          the engine died on the way; asking again starts another
"""

from ..errors import Broken, NotConfigured


class UnknownLocalModel(NotConfigured):
    """No local model has that name."""


class MissingExtra(NotConfigured):
    """The engine is not installed."""


class WeightsUnavailable(NotConfigured):
    """No place gave the model's bytes."""


class BrokenWeights(NotConfigured):
    """The model's bytes are not what they should be."""


class EngineFailed(NotConfigured):
    """The engine did not start."""


class EngineLost(Broken):
    """The engine died on the way."""
