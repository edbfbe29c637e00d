"""Every exception of the HTTP client has one meaning of ours."""

import inspect
from typing import Any

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
