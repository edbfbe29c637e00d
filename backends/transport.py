"""What a backend needs of HTTP: one method that opens an exchange."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from .errors import Misunderstood, NotConfigured

CLOSE_S = 2.0
"""How long closing a connection may take."""

_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds. ``first_byte_s`` runs from the start of the exchange to the first byte of the body.

    ``idle_s`` bounds each later pause. ``total_s`` bounds the whole exchange; ``None`` leaves it open.
    """

    connect_s: float = 10.0
    first_byte_s: float = 600.0
    idle_s: float = 60.0
    total_s: float | None = None


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, ready to be sent. Its headers may hold a key, so they are left out of its ``repr``."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer whose body is still to come. Header names are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes, None]

    async def read(self, limit: int, *, cut: bool = False) -> bytes:
        """The whole body, or with ``cut`` no more than its first ``limit`` bytes.

        :raises Misunderstood: the body is longer than ``limit`` bytes and ``cut`` is not set.
        """
        body = bytearray()
        async for chunk in self.chunks:
            body += chunk
            if len(body) > limit:
                if not cut:
                    raise Misunderstood(f"the answer is longer than {limit:,} bytes", status=self.status)
                break
        return bytes(body[:limit])


class Transport(Protocol):
    """Carries requests. A fake needs this one method."""

    def open(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpReply]:
        """Send ``request`` and wait for the head of the answer, whatever its status; redirects are not followed.

        Leaving the block closes the exchange, even when its body was not read to the end.

        :raises Broken: no connection, a lost one, or a time-out; also from ``chunks``.
        :raises NotConfigured: the address or a header is no valid HTTP.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection. Closing twice is harmless, and a later ``open`` connects anew."""
        ...


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse what HTTP does not allow, before a client quotes it in an error of its own: the value may be a key.

    :raises NotConfigured: names the header, and does not quote its value.
    """
    for name, value in headers.items():
        if not _HEADER_VALUE.fullmatch(value):
            raise NotConfigured(
                f"the header {name!r} holds a character that HTTP does not allow, such as a line end or a letter "
                "outside ASCII; if it carries a key, look at where the key comes from"
            )
