"""An error as data: what an event can say of what went wrong."""

from dataclasses import dataclass

from ..bus.words import message_of


@dataclass(frozen=True, slots=True)
class Fault:
    """The type of an error, its message, where it came from, and whether trying again could help, and when."""

    kind: str
    message: str
    where: str = ""
    retryable: bool = False
    retry_after_s: float | None = None
    """How long whoever refused asks us to wait; None where nothing was said."""

    @classmethod
    def of(cls, error: BaseException, where: str = "") -> "Fault":
        """Describe an exception. Its ``retryable`` and ``retry_after_s`` are believed where it has them."""
        name = type(error).__name__
        retryable, retry_after_s = bool(getattr(error, "retryable", False)), getattr(error, "retry_after_s", None)
        return cls(name, message_of(error) or name, where, retryable, retry_after_s)
