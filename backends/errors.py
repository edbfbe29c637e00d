"""What can go wrong between us and a model; the name says who is to blame, ``retryable`` whether to ask again.

BackendError         the model gave no answer that can be used
  NotConfigured      a key, a model or an extra is missing on our side; says which and what to do
  Refused            bad key, bad request; asking again won't help
    ContextOverflow  the request is longer than the model can read
  Busy               rate limit or overload; carries ``retry_after_s``
  Broken             connection lost or timed out, perhaps half-way
    Incomplete       the stream ended without its stop; carries what came of it
  Misunderstood      bytes we could not parse; carries the frame
    Garbled          they are no JSON at all, as if damaged on the way
  ScriptExhausted    a scripted model was asked once more than it has replies
"""

from typing import ClassVar, TypedDict, Unpack

from ..events.content import Block
from ..events.errors import LoopbusError

EXCERPT_BYTES = 500
"""How much of a frame an error quotes."""


class Where(TypedDict, total=False):
    """Who answered: the provider's name, its HTTP status and its own word for the error."""

    provider: str
    status: int | None
    code: str


class BackendError(LoopbusError):
    """The model gave no answer that can be used.

    ``provider``, ``status`` (HTTP, ``None`` where none was sent) and ``code`` (the provider's own word, or empty) say
    where it comes from. No text ever holds a key.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **where: Unpack[Where]) -> None:
        super().__init__(message)
        self.provider = where.get("provider", "")
        self.status = where.get("status")
        self.code = where.get("code", "")


class NotConfigured(BackendError):
    """A key, a model or an extra is missing on our side."""


class Refused(BackendError):
    """The provider will not answer this request, however often it is asked."""


class ContextOverflow(Refused):
    """The request is longer than the model can read: shorten it before asking again."""


class Busy(BackendError):
    """Rate limit or overload. ``retry_after_s`` is the provider's own wish, ``None`` when it has none."""

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None, **where: Unpack[Where]) -> None:
        super().__init__(message, **where)
        self.retry_after_s = retry_after_s


class Broken(BackendError):
    """The connection failed, was lost or timed out, perhaps half-way through the answer."""

    retryable = True


class Incomplete(Broken):
    """The stream ended without saying that the reply is over. ``partial`` holds the blocks that came, if folded."""

    def __init__(self, message: str, *, partial: tuple[Block, ...] = (), **where: Unpack[Where]) -> None:
        super().__init__(message, **where)
        self.partial = partial


class Misunderstood(BackendError):
    """Bytes we could not parse. ``frame`` holds the first of them."""

    def __init__(self, message: str, *, frame: bytes = b"", **where: Unpack[Where]) -> None:
        excerpt = bytes(frame[:EXCERPT_BYTES])
        super().__init__(f"{message}: {excerpt!r}" if excerpt else message, **where)
        self.frame = excerpt


class Garbled(Misunderstood):
    """What should be JSON is none, as if it had been damaged on the way: asking again may help."""

    retryable = True


class ScriptExhausted(BackendError):
    """A scripted model was asked once more than it has replies."""
