"""A server on loopback that embeds: each text becomes a vector that can be told apart from any other's."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from loopbus.backends.embeddings import HostedEmbedder, Retries
from loopbus.backends.embeddings.wire.openai import OPENAI_COMPATIBLE
from loopbus.backends.embeddings.wire.wire import EmbeddingWire

from ..servers import Connection, Server, serving

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


@dataclass
class Embedding:
    """A server that embeds, with what it was asked."""

    server: Server | None = None
    asked: list[list[str]] = field(default_factory=list[list[str]])
    most_at_once: int = 0

    async def answer(self, connection: Connection) -> None:
        """Embed; a request with a text that is too long is refused whole, in OpenAI's words."""
        assert self.server is not None
        texts: list[str] = connection.json["input"]
        self.asked.append(texts)
        self.most_at_once = max(self.most_at_once, self.server.busy)
        if any(len(text.split()) > LONGEST for text in texts):
            error = {"message": "maximum context length is 256 tokens", "code": "context_length_exceeded"}
            await reply(connection, {"error": error}, status=400)
        else:
            await reply(connection, embedded(texts))


@asynccontextmanager
async def embedding_server(
    wire: EmbeddingWire = OPENAI_COMPATIBLE, retries: Retries | None = None, concurrency: int = 4
) -> AsyncGenerator[tuple[HostedEmbedder, Embedding], None]:
    """An embedder and the server that it speaks to."""
    state = Embedding()
    async with serving(state.answer) as server:
        state.server = server
        embedder = HostedEmbedder(
            wire, server.url, "m", provider="acme", retries=retries or Retries(), concurrency=concurrency
        )
        try:
            yield embedder, state
        finally:
            await embedder.aclose()
