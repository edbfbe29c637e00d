"""The floor of a run over HTTP: the same two requests by hand, with the client library itself."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from loopbus.backends.http import load_httpx

Post = Callable[[bytes], Awaitable[bytes]]
"""Sends a body and reads the answer's."""

HEADERS = {"content-type": "application/json", "accept": "text/event-stream"}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


@asynccontextmanager
async def over_httpx(url: str) -> AsyncGenerator[Post, None]:
    """As httpx's documentation shows it."""
    async with load_httpx().AsyncClient(trust_env=False) as client:

        async def post(body: bytes) -> bytes:
            async with client.stream("POST", f"{url}/chat/completions", content=body, headers=HEADERS) as response:
                return await _joined(response.aiter_bytes())

        yield post


@asynccontextmanager
async def over_aiohttp(url: str) -> AsyncGenerator[Post, None]:
    """As aiohttp's documentation shows it."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(body: bytes) -> bytes:
            async with session.post(f"{url}/chat/completions", data=body, headers=HEADERS) as response:
                return await _joined(response.content.iter_any())

        yield post


async def _joined(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def question(*results: dict[str, Any]) -> bytes:
    """A conversation so far, as a request."""
    messages = [{"role": "user", "content": "What is 17 + 25?"}, *results]
    body = {"model": "benchmark", "messages": messages, "tools": [TOOL], "stream": True}
    return json.dumps(body, separators=(",", ":")).encode()


FIRST = question()
SECOND = question({"role": "tool", "tool_call_id": "c1", "content": "42"})


def text(body: bytes) -> str:
    """The words of an answer."""
    events = [json.loads(event[6:]) for event in body.split(b"\n\n") if event.startswith(b"data: {")]
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
