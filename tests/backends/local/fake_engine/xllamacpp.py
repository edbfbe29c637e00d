"""Stands in for the engine: its names and its HTTP, without a model. The weights' file says how to behave.

Found before the real one by ``PYTHONPATH``. The file is JSON: ``fails`` is what loading the model raises, ``hangs``
never finishes it, ``health`` is the status of the health check, ``refuses`` that of every reply, and ``dies`` ends the
process in the middle of one. A prompt is completed with the last turn's words, and a reply that ends in ``...`` goes
on for ever.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class CommonParams:
    def __init__(self) -> None:
        self.model = SimpleNamespace(path="")
        self.cpuparams = SimpleNamespace(n_threads=0)
        self.cpuparams_batch = SimpleNamespace(n_threads=0)
        self.api_keys: list[str] = []
        self.n_ctx = 0
        self.n_parallel = 0


class Server:
    def __init__(self, params: Any) -> None:
        print("loading", params.model.path, "for", os.getpid(), file=sys.stderr, flush=True)
        # Native code does not know that standard output has another use.
        os.write(1, b"noise from native code\n")
        Handler.params = params
        Handler.behaviour = json.loads(Path(params.model.path).read_text())
        if "fails" in Handler.behaviour:
            raise RuntimeError(Handler.behaviour["fails"])
        if "hangs" in Handler.behaviour:
            threading.Event().wait()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{self._server.server_port}"


class Handler(BaseHTTPRequestHandler):
    params: Any
    behaviour: dict[str, Any]
    open = 0

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(self.behaviour.get("health", 200), {"status": "ok"})
        elif self.knows_the_key():
            params = self.params
            self.answer(
                200,
                {
                    "open": Handler.open,
                    "threads": [params.cpuparams.n_threads, params.cpuparams_batch.n_threads],
                    "n_ctx": params.n_ctx,
                    "n_parallel": params.n_parallel,
                    "cors": params.cors_origins,
                    "hosts": params.hostnames,
                },
            )

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.knows_the_key():
            return
        if self.path == "/apply-template":
            self.answer(200, {"prompt": json.dumps(asked["messages"])})
        elif "refuses" in self.behaviour:
            self.answer(self.behaviour["refuses"], {"error": {"message": "not today"}})
        else:
            self.complete(json.loads(asked["prompt"])[-1]["content"])

    def knows_the_key(self) -> bool:
        known = self.headers["authorization"] == f"Bearer {self.params.api_keys[0]}"
        if not known:
            self.answer(401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}})
        return known

    def complete(self, words: str) -> None:
        Handler.open += 1
        try:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for place, word in enumerate(words.split()):
                self.event(content=f" {word}" if place else word, stop=False)
                if "dies" in self.behaviour:
                    os._exit(3)
            while words.endswith("..."):
                self.event(content="", stop=False)
                threading.Event().wait(0.02)
            counts = {"tokens_evaluated": 7, "tokens_predicted": len(words.split()), "timings/cache_n": 2}
            self.event(content="", stop=True, stop_type="eos", **counts)
        except OSError:
            pass
        finally:
            Handler.open -= 1

    def event(self, **fields: Any) -> None:
        self.wfile.write(b"data: %s\n\n" % json.dumps(fields).encode())

    def answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
