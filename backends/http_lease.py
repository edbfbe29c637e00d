"""Whether httpcore holds a connection for a request, told from the events that it traces."""

from collections.abc import Mapping
from typing import Any

HOLDS: Mapping[str, bool] = {
    "connection.connect_tcp.complete": True,
    "connection.start_tls.failed": False,
    "http11.send_request_headers.started": True,
    "http11.response_closed.complete": False,
}
"""Between which events a connection is held. A request that is cancelled at the wrong moment never reaches the last of
them, and its place in the pool is lost (encode/httpcore#1093 is one such moment of several)."""


class Lease:
    """One request's hold on a connection. ``follow`` is what httpcore calls a trace."""

    held = False
    """After the request is closed it should not be: then its place in the pool is lost for good."""

    def __init__(self) -> None:
        self._socket: Any = None

    async def follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event."""
        held = HOLDS.get(event)
        if held is not None:
            self.held = held
            if event == "connection.connect_tcp.complete":
                self._socket = info["return_value"]

    async def hang_up(self) -> None:
        """Close the socket that httpcore forgets if it is cancelled between connecting and sending."""
        if self._socket is not None:
            await self._socket.aclose()
