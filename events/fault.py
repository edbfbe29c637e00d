"""An error as data: what an event can say of what went wrong."""

from dataclasses import dataclass

from ..bus.words import message_of


@dataclass(frozen=True, slots=True)
class Fault:
    """The type of an error, its message, where it came from, and whether trying again could help."""

    kind: str
    message: str
    where: str = ""
    retryable: bool = False

    @classmethod
    def of(cls, error: BaseException, where: str = "") -> "Fault":
        """Describe an exception. Its ``retryable`` attribute is believed where it has one."""
        name = type(error).__name__
        return cls(name, message_of(error) or name, where, bool(getattr(error, "retryable", False)))
