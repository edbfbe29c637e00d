"""A model server on loopback, in a process of its own: streams Chat Completions chunks as fast, or as slowly, as asked.

``python -m benchmarks.streaming_server`` prints its port and serves until its standard input is closed.
``POST /burst/20000/chat/completions`` answers with 20,000 text deltas, many to a write; ``/single/`` sends one a write,
with a pause behind it, so that each arrives by itself. Either way each event is an HTTP chunk of its own, as servers
that flush after every token send them.
"""

import json
import socket
import sys
import threading
import time
from functools import cache

WORD = " token"
PAUSE_S = 0.00005
"""Long enough for the client to have read the last write; the system makes about 0.1 ms of it."""
WRITE_BYTES = 65_536
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def main() -> None:
    """Serve until the process that started this one goes away."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=[listener], daemon=True).start()
    sys.stdin.read()


def _accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=[connection], daemon=True).start()


def _serve(connection: socket.socket) -> None:
    """Answer the requests of one connection, one after the other."""
    with connection, connection.makefile("rb") as requests:
        while request := requests.readline():
            length = 0
            while (header := requests.readline().strip().lower()) != b"":
                name, _, value = header.partition(b":")
                length = int(value) if name == b"content-length" else length
            requests.read(length)
            _, mode, amount, *_ = request.split()[1].decode().split("/")
            try:
                _ANSWERS[mode](connection, answer(int(amount)))
            except (BrokenPipeError, ConnectionResetError):
                return


@cache
def answer(amount: int) -> tuple[bytes, ...]:
    """The HTTP chunks of one answer with ``amount`` text deltas."""
    events = [_event({"role": "assistant", "content": ""}), *[_event({"content": WORD})] * amount, _event({}, "stop")]
    return (HEAD, *map(_http_chunk, [*events, b"data: [DONE]\n\n"]), b"0\r\n\r\n")


def _burst(connection: socket.socket, chunks: tuple[bytes, ...]) -> None:
    whole = b"".join(chunks)
    for first in range(0, len(whole), WRITE_BYTES):
        connection.sendall(whole[first : first + WRITE_BYTES])


def _single(connection: socket.socket, chunks: tuple[bytes, ...]) -> None:
    for chunk in chunks:
        connection.sendall(chunk)
        time.sleep(PAUSE_S)


_ANSWERS = {"burst": _burst, "single": _single}


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "object": "chat.completion.chunk",
        "created": 1_741_570_283,
        "model": "benchmark",
        "service_tier": "default",
        "system_fingerprint": "fp_fc9f1d7035",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


if __name__ == "__main__":
    main()
