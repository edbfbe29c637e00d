"""A door for people: the command ``loopbus``."""

from .command import main

__all__ = ["main"]
