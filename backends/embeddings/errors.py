"""What can be wrong with a text that is to be embedded; the index says with which.

BackendError
  Refused
    BadText            a text that cannot be embedded: blank, no text at all, or refused by the provider
      TextTooLong      a text that the model cannot read to its end (a ``ContextOverflow`` too)
"""

from typing import Unpack

from ..errors import ContextOverflow, Refused, Where


class BadText(Refused):
    """A text cannot be embedded. ``index`` is its place in ``texts``, ``None`` where ``texts`` itself is wrong."""

    def __init__(self, message: str, *, index: int | None = None, **where: Unpack[Where]) -> None:
        super().__init__(message, **where)
        self.index = index


class TextTooLong(BadText, ContextOverflow):
    """A text is longer than the model reads: cut it into passages, or have it truncated."""
