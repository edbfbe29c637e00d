"""Every exception of the HTTP client has one meaning of ours."""

import inspect
from typing import Any

import aiohttp
import pytest

from loopbus.backends.errors import BackendError, Broken, NotConfigured
from loopbus.backends.http import load_httpx
from loopbus.backends.http_faults import LIMITS, fault, timed_out
from loopbus.backends.transport import Timeouts

httpx: Any = load_httpx()
OURS = {
    httpx.UnsupportedProtocol: NotConfigured,
    httpx.InvalidURL: NotConfigured,
    httpx.LocalProtocolError: NotConfigured,
}
RAISED = [kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, httpx.TransportError)]


@pytest.mark.parametrize("kind", [*RAISED, httpx.InvalidURL, httpx.StreamClosed, OSError, RuntimeError, OverflowError])
def test_every_exception_is_translated_and_says_where(kind: type[Exception]) -> None:
    """Those of httpx by their own row or their base's, those of others too: none gets through."""
    exc = kind() if kind is httpx.StreamClosed else kind("why")
    found = fault(exc, "models.example/v1")
    assert isinstance(found, OURS.get(kind, BackendError))
    assert "models.example/v1" in str(found)


@pytest.mark.parametrize(
    ("exc", "kind", "words"),
    [
        (aiohttp.ServerDisconnectedError(), Broken, "lost the connection to x (Server disconnected)"),
        (aiohttp.ClientPayloadError("half"), Broken, "lost the connection to x (half)"),
        (aiohttp.ClientOSError(104, "reset"), Broken, "lost the connection to x ([Errno 104] reset)"),
        (aiohttp.ConnectionTimeoutError("to http://x?key=secret"), Broken, "could not connect to x in time"),
        (aiohttp.NonHttpUrlClientError("ftp://x?key=secret"), NotConfigured, "x is no http:// or https:// address"),
        (aiohttp.InvalidURL("http://x?key=secret"), NotConfigured, "x is no valid address"),
        (TimeoutError(), Broken, "lost the connection to x (TimeoutError)"),
    ],
)
def test_what_aiohttp_raises_is_told_in_the_same_words(exc: Exception, kind: type[BackendError], words: str) -> None:
    """Without the address that some of its exceptions quote."""
    found = fault(exc, "x")
    assert type(found) is kind
    assert str(found).startswith(words)
    assert "secret" not in str(found)


def test_what_the_client_complains_of_in_our_request_is_not_repeated() -> None:
    """It quotes the header, and the header may be the key."""
    assert "secret" not in str(fault(httpx.LocalProtocolError("Illegal header value b'secret'"), "x"))


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_named_with_its_seconds(limit: str) -> None:
    """So that one knows which to change."""
    found = timed_out("models.example", limit, Timeouts(first_byte_s=7, idle_s=7, total_s=7))
    assert type(found) is Broken
    assert "models.example" in str(found)
    assert f"7 s (Timeouts.{limit})" in str(found)
