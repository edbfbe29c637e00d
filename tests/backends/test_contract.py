"""The contract's suite over each backend that runs without a real model."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import anyio.lowlevel

from loopbus.backends.openai_compatible import OpenAICompatible
from loopbus.backends.script import text
from loopbus.backends.scripted import Scripted

from .contract import ENDLESS, BackendContract, Echo
from .servers import DONE, END, HEAD, Connection, chunked, event, piece, serving, stop


class TestScripted(BackendContract):
    @asynccontextmanager
    async def echoing(self) -> AsyncGenerator[Echo, None]:
        backend = Scripted(lambda request: text(request.messages[-1].text), stream="words")
        async with aclosing(backend):
            yield Echo(backend, anyio.lowlevel.checkpoint)


class TestOpenAICompatible(BackendContract):
    @asynccontextmanager
    async def echoing(self) -> AsyncGenerator[Echo, None]:
        async with serving(echo) as server, aclosing(OpenAICompatible(f"{server.url}/v1", "echo")) as backend:
            yield Echo(backend, server.wait_idle)


async def echo(connection: Connection) -> None:
    """Answer with the last message's words, streamed if that is wanted."""
    asked = connection.json
    words: str = asked["messages"][-1]["content"]
    if not asked.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": words}, "finish_reason": "stop"}
        body = event({"choices": [choice]}).removeprefix(b"data: ")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        await connection.send(head % len(body), body)
        return
    await connection.send(HEAD)
    for place, word in enumerate(words.split()):
        await connection.send(chunked(piece(f" {word}" if place else word)))
        if words == ENDLESS:
            await connection.wait_gone()
    await connection.send(chunked(stop() + DONE), END)
