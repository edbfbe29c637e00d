"""Loads what only an extra brings."""

import importlib
from typing import Any

from .errors import NotConfigured


def load(module: str, missing: str) -> Any:
    """The module of that name.

    :raises NotConfigured: it is not installed; ``missing`` says what needs it and how to get it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as exc:
        raise NotConfigured(missing) from exc
