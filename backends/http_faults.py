"""What an exception of the HTTP client means: one of our errors."""

from collections.abc import Mapping

from .errors import BackendError, Broken, Misunderstood, NotConfigured
from .transport import Timeouts


class NoFreePlace(Broken):
    """The client's pool had no place for a request that was let in to it."""


FAULTS: Mapping[str, tuple[type[BackendError], str]] = {
    "ConnectTimeout": (Broken, "could not connect to {place} in time; is it up, and does a proxy stand between?"),
    "ConnectError": (Broken, "could not connect to {place} ({why}); is it running, and is the address right?"),
    "ProxyError": (Broken, "the proxy on the way to {place} failed ({why}); look at HTTPS_PROXY and NO_PROXY"),
    "PoolTimeout": (NoFreePlace, "no connection to {place} became free"),
    "TimeoutException": (Broken, "{place} took too long ({why})"),
    "UnsupportedProtocol": (NotConfigured, "{place} is no http:// or https:// address"),
    "InvalidURL": (NotConfigured, "{place} is no valid address"),
    "LocalProtocolError": (NotConfigured, "the request to {place} is no valid HTTP"),
    "DecodingError": (Misunderstood, "the answer of {place} does not decompress"),
    "TransportError": (Broken, "lost the connection to {place} ({why})"),
    "StreamError": (Broken, "the connection to {place} was closed while it was read"),
    "BrokenResourceError": (Broken, "lost the connection to {place}"),
    "ClosedResourceError": (Broken, "the connection to {place} was closed while it was read"),
    "ConnectionTimeoutError": (
        Broken,
        "could not connect to {place} in time; is it up, and does a proxy stand between?",
    ),
    "OSError": (Broken, "lost the connection to {place} ({why})"),
    "Exception": (Broken, "the exchange with {place} failed ({why})"),
}
"""Looked up by the names of an exception's class and then of its bases, which httpx and httpx2 share."""

LIMITS: Mapping[str, str] = {
    "first_byte_s": "{place} did not begin to answer within {seconds:g} s (Timeouts.first_byte_s)",
    "idle_s": "{place} sent nothing more for {seconds:g} s (Timeouts.idle_s)",
    "total_s": "{place} was not done after {seconds:g} s (Timeouts.total_s)",
}
"""What to say when a limit of ``Timeouts`` is reached."""


def fault(exc: Exception, place: str) -> BackendError:
    """Our error for a foreign one; ``place`` is the address without what may be secret in it."""
    kind, text = next(FAULTS[base.__name__] for base in type(exc).__mro__ if base.__name__ in FAULTS)
    return kind(text.format(place=place, why=str(exc) or type(exc).__name__))


def timed_out(place: str, limit: str, timeouts: Timeouts) -> Broken:
    """The error for a limit that was reached, named as in ``Timeouts``."""
    return Broken(LIMITS[limit].format(place=place, seconds=getattr(timeouts, limit)))
