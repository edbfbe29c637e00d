"""What readers of answers have in common: whose answer it is, how it ends, and how it fails to."""

from collections.abc import Container
from typing import ClassVar

from ..contract import StopPiece, StopReason
from ..errors import Broken, Incomplete, Misunderstood
from .account import Account


class Reader:
    """One answer, as far as all wires agree on what that is.

    A wire's own reader keeps the provider's word for the end in ``_stop``. ``FORMAT`` and ``END`` are what errors call
    that which it reads, and the field where the end is told.
    """

    FORMAT: ClassVar[str]
    END: ClassVar[str]

    def __init__(self, account: Account) -> None:
        self._account = account
        self._stop = ""
        self.done = False
        """Whether no frame follows."""

    @property
    def stopped(self) -> bool:
        """Whether the provider has said that the reply is over."""
        return bool(self._stop)

    def _misunderstood(self, raw: bytes, why: object) -> Misunderstood:
        """The error for JSON that is no ``FORMAT``; ``raw`` is what it quotes."""
        provider = self._account.provider
        return Misunderstood(f"{provider} sent what is no {self.FORMAT} ({why})", frame=raw, provider=provider)

    def _incomplete(self, why: str) -> Incomplete:
        provider = self._account.provider
        return Incomplete(f"{provider} ended in the middle of the reply ({why})", provider=provider, code=self._stop)

    def _check_end(self, interrupted: Container[str] = ()) -> None:
        """Make sure that the answer is whole.

        :raises Incomplete: the provider never said that it is over.
        :raises Broken: it said so in one of the words for having broken off.
        """
        if not self._stop:
            raise self._incomplete(f"no {self.END}")
        if self._stop in interrupted:
            provider = self._account.provider
            raise Broken(f"{provider} broke off the reply ({self._stop})", provider=provider, code=self._stop)

    def _stop_piece(self, reason: StopReason, *, calls: int) -> StopPiece:
        """The stop of an answer with so many tool calls: some models end their turn with calls in it."""
        return StopPiece("tool_calls" if calls and reason == "end" else reason, self._stop)
