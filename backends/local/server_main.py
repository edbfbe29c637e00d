"""What the engine's process runs: xllamacpp's server, for exactly as long as whoever started it lives.

Run as a script, it imports nothing of ours. It reads one line of JSON from standard input, loads the model, and writes
one line of JSON to standard output: the server's ``url``. The end of standard input means that the parent is gone.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import threading
from typing import Any, BinaryIO

PR_SET_PDEATHSIG = 1
"""From Linux' prctl.h: which signal to get when the parent dies."""

WARNINGS = 2
"""The server's log level. Above it, each request writes lines, and the log would grow for as long as it runs."""


def main() -> None:
    """Serve until standard input ends."""
    options = json.loads(sys.stdin.buffer.readline())
    die_with(options["parent"])
    answer = keep_stdout()
    threading.Thread(target=wait_for_the_end, name="watch", daemon=True).start()
    # The server lives for as long as the object does.
    server = start(options)
    answer.write(json.dumps({"url": server.listening_address}).encode() + b"\n")
    answer.close()
    threading.Event().wait()


def die_with(parent: int) -> None:
    """Have the system kill this process with its parent, whatever that dies of."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before we could ask.
        os._exit(1)


def keep_stdout() -> BinaryIO:
    """Keep standard output to ourselves: what native code prints there goes to the log."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answer


def wait_for_the_end() -> None:
    """End this process with its standard input."""
    sys.stdin.buffer.read()
    # Not sys.exit(): only this thread would hear it.
    os._exit(0)


def start(options: dict[str, Any]) -> Any:
    """Load the model and open the server on a free port of loopback."""
    # Untyped, and an optional extra.
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = options["model"]
    params.n_ctx = options["context"] * options["slots"]
    params.n_parallel = options["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
    params.cache_ram_mib = options["cache_mib"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # A web page on this machine can reach loopback too: the key keeps it out.
    params.api_keys = [options["key"]]
    params.cors_origins, params.cors_origins_explicit = "", True
    params.ui = False
    params.verbosity = WARNINGS
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
