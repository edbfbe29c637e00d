"""What an exception of the HTTP client means: one of our errors."""

from collections.abc import Mapping

from .errors import BackendError, Broken, Misunderstood, NotConfigured
from .transport import Timeouts


class NoFreePlace(Broken):
    """The client's pool had no place for a request that was let in to it."""


_NOT_IN_TIME = "could not connect to {place} in time; is it up, and does a proxy stand between?"
_NOT_CONNECTED = "could not connect to {place} ({why}); is it running, and is the address right?"
_PROXY_FAILED = "the proxy on the way to {place} failed ({why}); look at HTTPS_PROXY and NO_PROXY"
_NO_HTTP = "{place} is no http:// or https:// address"
_NO_ADDRESS = "{place} is no valid address"
_NOT_DECOMPRESSED = "the answer of {place} does not decompress"
_LOST = "lost the connection to {place} ({why})"
_CLOSED = "the connection to {place} was closed while it was read"

FAULTS: Mapping[str, tuple[type[BackendError], str]] = {
    # httpx and httpx2, which share their names
    "ConnectTimeout": (Broken, _NOT_IN_TIME),
    "ConnectError": (Broken, _NOT_CONNECTED),
    "ProxyError": (Broken, _PROXY_FAILED),
    "PoolTimeout": (NoFreePlace, "no connection to {place} became free"),
    "TimeoutException": (Broken, "{place} took too long ({why})"),
    "UnsupportedProtocol": (NotConfigured, _NO_HTTP),
    "InvalidURL": (NotConfigured, _NO_ADDRESS),
    "LocalProtocolError": (NotConfigured, "the request to {place} is no valid HTTP"),
    "DecodingError": (Misunderstood, _NOT_DECOMPRESSED),
    "TransportError": (Broken, _LOST),
    "StreamError": (Broken, _CLOSED),
    # anyio, below them
    "BrokenResourceError": (Broken, "lost the connection to {place}"),
    "ClosedResourceError": (Broken, _CLOSED),
    # aiohttp, which has an InvalidURL too
    "ConnectionTimeoutError": (Broken, _NOT_IN_TIME),
    "ClientProxyConnectionError": (Broken, _PROXY_FAILED),
    "ClientHttpProxyError": (Broken, _PROXY_FAILED),
    "ClientConnectorError": (Broken, _NOT_CONNECTED),
    "NonHttpUrlClientError": (NotConfigured, _NO_HTTP),
    "ContentEncodingError": (Misunderstood, _NOT_DECOMPRESSED),
    "ClientError": (Broken, _LOST),
    # whatever else
    "OSError": (Broken, _LOST),
    "Exception": (Broken, "the exchange with {place} failed ({why})"),
}
"""Looked up by the names of the class of an exception's cause, of its own class, and of that class's bases."""

LIMITS: Mapping[str, str] = {
    "first_byte_s": "{place} did not begin to answer within {seconds:g} s (Timeouts.first_byte_s)",
    "idle_s": "{place} sent nothing more for {seconds:g} s (Timeouts.idle_s)",
    "total_s": "{place} was not done after {seconds:g} s (Timeouts.total_s)",
}
"""What to say when a limit of ``Timeouts`` is reached."""


def fault(exc: Exception, place: str) -> BackendError:
    """Our error for a foreign one; ``place`` is the address without what may be secret in it."""
    kinds = (type(exc.__cause__), *type(exc).__mro__)
    kind, text = next(FAULTS[base.__name__] for base in kinds if base.__name__ in FAULTS)
    return kind(text.format(place=place, why=_why(exc)))


def _why(exc: Exception) -> str:
    # Two of aiohttp's kinds begin with the address; what they say beside it is kept.
    words = f"{getattr(exc, 'status', '')} {getattr(exc, 'message', '')}".strip()
    return words or str(getattr(exc, "os_error", exc)) or type(exc).__name__


def timed_out(place: str, limit: str, timeouts: Timeouts) -> Broken:
    """The error for a limit that was reached, named as in ``Timeouts``."""
    return Broken(LIMITS[limit].format(place=place, seconds=getattr(timeouts, limit)))
