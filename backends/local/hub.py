"""Weights from the model author's own repository on the public hub, over HTTPS."""

import os
import re
from contextlib import AsyncExitStack, aclosing
from urllib.parse import urljoin

from ..errors import Broken, Refused
from ..http import HttpxTransport
from ..transport import HttpReply, HttpRequest, Timeouts, Transport
from .catalogue import Hub
from .partial import Partial
from .progress import Progress

TIMEOUTS = Timeouts(connect_s=3.0, first_byte_s=15.0, idle_s=30.0)
"""Short: where the hub cannot be reached, other places hold the same bytes."""
MAX_REDIRECTS = 5

_CONTENT_RANGE = re.compile(r"bytes (\d+)-")


def address_of(place: Hub) -> str:
    """The file's URL. ``HF_ENDPOINT`` names a mirror of the hub, as it does for the hub's own tools."""
    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return f"{endpoint.rstrip('/')}/{place.repository}/resolve/{place.revision}/{place.file}"


async def fetch(place: Hub, partial: Partial, on_progress: Progress) -> None:
    """Add to ``partial`` what it lacks. A connection that breaks is taken up again for as long as each brings more.

    :raises Broken, Refused: the hub cannot be reached, does not have the file, or stopped sending.
    """
    async with aclosing(HttpxTransport(TIMEOUTS)) as transport:
        while not partial.is_whole:
            before = partial.written
            try:
                await _go_on(address_of(place), partial, transport, on_progress)
            except Broken:
                if partial.written <= before:
                    raise


async def _go_on(url: str, partial: Partial, transport: Transport, on_progress: Progress) -> None:
    async with AsyncExitStack() as stack:
        reply = await _open(url, partial.written, transport, stack)
        if _first_byte(reply) != partial.written:
            # The server does not do ranges, or has another idea of the file: from the start, then.
            partial.keep(0)
        async for chunk in reply.chunks:
            partial.write(chunk)
            on_progress(partial.written)
        if not partial.is_whole:
            raise Broken(f"the hub closed the connection after {partial.written:,} bytes")


async def _open(url: str, start: int, transport: Transport, stack: AsyncExitStack) -> HttpReply:
    headers = {"accept-encoding": "identity", "user-agent": "loopbus"}
    if start:
        headers["range"] = f"bytes={start}-"
    for _ in range(MAX_REDIRECTS):
        reply = await stack.enter_async_context(transport.open(HttpRequest(url, "GET", headers)))
        if reply.status in (200, 206):
            return reply
        if not (300 <= reply.status < 400 and "location" in reply.headers):
            raise Refused(f"{url} answered {reply.status}", status=reply.status)
        target = urljoin(url, reply.headers["location"])
        if url.startswith("https:") and not target.startswith("https:"):
            raise Refused(f"{url} leads to a place without TLS")
        url = target
    raise Refused(f"{url} leads on and on: {MAX_REDIRECTS} redirects")


def _first_byte(reply: HttpReply) -> int:
    found = _CONTENT_RANGE.match(reply.headers.get("content-range", ""))
    return int(found[1]) if reply.status == 206 and found else 0
