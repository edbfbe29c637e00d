"""A client of Server-Sent Events as small as the format: what a browser would make of a response."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import httpx


class Frame(NamedTuple):
    """One event of the stream; ``id`` is empty where the server gave it none."""

    event: str
    id: str
    data: str


async def frames(response: httpx.Response) -> AsyncGenerator[Frame, None]:
    """Read events until the server ends the stream; comments, which keep a connection alive, are none."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif fields:
            yield Frame(fields.get("event", "message"), fields.get("id", ""), fields.get("data", ""))
            fields = {}
