"""A server on loopback that embeds: each text becomes a vector that can be told apart from any other's."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic_core import to_json

from loopbus.backends.embeddings import HostedEmbedder
from loopbus.backends.embeddings.wire.openai import OPENAI_COMPATIBLE

from ..servers import Connection, serving

LONGEST = 256


def vector(text: str) -> list[float]:
    """A vector that only this text has."""
    return [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:8]]


def embedded(texts: Sequence[str]) -> dict[str, Any]:
    """OpenAI's answer, from the last to the first: it is the index that counts."""
    data = [{"index": index, "embedding": vector(text)} for index, text in enumerate(texts)]
    return {"data": data[::-1], "usage": {"prompt_tokens": sum(len(text.split()) for text in texts)}}


async def reply(connection: Connection, value: object, *, status: int = 200, **headers: str) -> None:
    """Answer with JSON."""
    body = to_json(value)
    told = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    await connection.send(f"HTTP/1.1 {status} Any\r\n{head}\r\n".encode() + body)


async def answer(connection: Connection) -> None:
    """Embed; a request with a text that is too long is refused whole, in OpenAI's words."""
    texts: list[str] = connection.json["input"]
    if any(len(text.split()) > LONGEST for text in texts):
        error = {"message": "maximum context length is 256 tokens", "code": "context_length_exceeded"}
        await reply(connection, {"error": error}, status=400)
    else:
        await reply(connection, embedded(texts))


@asynccontextmanager
async def embedding_over_loopback() -> AsyncGenerator[HostedEmbedder, None]:
    """An embedder whose server embeds."""
    async with serving(answer) as server:
        embedder = HostedEmbedder(OPENAI_COMPATIBLE, server.url, "m", provider="acme")
        try:
            yield embedder
        finally:
            await embedder.aclose()
