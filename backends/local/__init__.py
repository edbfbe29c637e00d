"""A language model on the user's own CPU: weights, an engine in a process of its own, and the backend that uses it.

Most programs have no use for it, and every program knows it by name: a name is loaded when it is first used.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {"LocalModel": "backend", "MODELS": "catalogue", "EngineOptions": "engine"}
"""Where a name is at home; the others are errors."""


if not TYPE_CHECKING:
    # As in the package's own face: a type checker would take every misspelt name for one of ours.
    def __getattr__(name: str) -> Any:
        """Load a name when it is first asked for (PEP 562)."""
        if name not in __all__:
            known = ", ".join(__all__)
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {known}", name=name)
        value = globals()[name] = getattr(_import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
        return value
