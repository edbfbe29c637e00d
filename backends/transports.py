"""Which transport carries a backend's requests when none is given: the fastest that is installed."""

from functools import cache
from importlib import import_module

from .http import HttpxTransport
from .http_aiohttp import AiohttpTransport
from .transport import DEFAULT_TIMEOUTS, Timeouts, Transport

OLDEST_AIOHTTP = (3, 13)
"""What is older may be in an environment for somebody else's sake; it was never tried."""


def default_transport(
    timeouts: Timeouts = DEFAULT_TIMEOUTS, *, max_connections: int = 1000, trust_env: bool = True
) -> Transport:
    """Aiohttp's if the extra ``[fast]`` is installed, else httpx's; the parameters mean the same to both."""
    kind = AiohttpTransport if _has_aiohttp() else HttpxTransport
    return kind(timeouts, max_connections=max_connections, trust_env=trust_env)


@cache
def _has_aiohttp() -> bool:
    try:
        version: str = import_module("aiohttp").__version__
    except ModuleNotFoundError:
        return False
    major, minor, *_ = version.split(".")
    return (int(major), int(minor)) >= OLDEST_AIOHTTP
