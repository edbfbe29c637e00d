"""A model server on loopback, in a process of its own, for many connections: asks for a tool, then answers.

``python -m benchmarks.transport_server`` prints its port and serves until its standard input is closed. Whoever posts
a conversation gets a stream of Chat Completions chunks: a tool call, or ten words once the call's result is in it.
"""

import asyncio
import json
import sys
from typing import Any

WORD = " token"
WORDS = 10
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Model(asyncio.Protocol):
    """One connection: requests in, one after the other, and for each an answer in one write."""

    def __init__(self) -> None:
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """Keep it."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            size = int(self._heard[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self._heard) < end + 4 + size:
                return
            body, self._heard = self._heard[end + 4 : end + 4 + size], self._heard[end + 4 + size :]
            assert self._transport is not None
            self._transport.write(ANSWER if b'"role":"tool"' in body else CALL)


def _answer(*deltas: dict[str, Any], reason: str) -> bytes:
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_741_570_283, "model": "benchmark"}
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    events = [b"data: %s\n\n" % json.dumps({**about, "choices": [choice]}).encode() for choice in choices]
    chunks = [b"%x\r\n%s\r\n" % (len(event), event) for event in [*events, b"data: [DONE]\n\n"]]
    return b"".join((HEAD, *chunks, b"0\r\n\r\n"))


CALL = _answer(
    {
        "role": "assistant",
        "tool_calls": [
            {"index": 0, "id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":17,"b":25}'}}
        ],
    },
    reason="tool_calls",
)
ANSWER = _answer({"role": "assistant", "content": ""}, *[{"content": WORD}] * WORDS, reason="stop")


async def main() -> None:
    """Serve until the process that started this one goes away."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Model, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
