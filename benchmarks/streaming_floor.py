"""The floor of a streamed delta: the same bytes read by hand, with httpx and ``json.loads``."""

import json
from typing import Any

import httpx

QUESTION: dict[str, Any] = {
    "model": "benchmark",
    "messages": [{"role": "user", "content": "Talk to me."}],
    "stream": True,
}


async def read_lines(client: httpx.AsyncClient, url: str) -> int:
    """Read as httpx suggests, line by line; return how many characters of text came."""
    characters = 0
    async with client.stream("POST", f"{url}/chat/completions", json=QUESTION) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                characters += _length(json.loads(line[6:]))
    return characters


async def read_bytes(client: httpx.AsyncClient, url: str) -> int:
    """Read as whoever cares for speed would: split the bytes at blank lines."""
    characters, rest = 0, b""
    async with client.stream("POST", f"{url}/chat/completions", json=QUESTION) as response:
        async for chunk in response.aiter_bytes():
            *events, rest = (rest + chunk).split(b"\n\n")
            for event in events:
                if event.startswith(b"data: ") and event != b"data: [DONE]":
                    characters += _length(json.loads(event[6:]))
    return characters


def _length(chunk: dict[str, Any]) -> int:
    return len(chunk["choices"][0]["delta"].get("content") or "")
