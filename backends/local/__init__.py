"""A language model on the user's own CPU: weights, an engine in a process of its own, and the backend that uses it."""

from .backend import LocalModel
from .catalogue import MODELS
from .engine import EngineOptions
from .errors import BrokenWeights, EngineFailed, EngineLost, MissingExtra, UnknownLocalModel, WeightsUnavailable

__all__ = [
    "MODELS",
    "BrokenWeights",
    "EngineFailed",
    "EngineLost",
    "EngineOptions",
    "LocalModel",
    "MissingExtra",
    "UnknownLocalModel",
    "WeightsUnavailable",
]
