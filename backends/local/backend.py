"""The embedded model as a backend."""

import importlib.util
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from ..contract import Capabilities, Delta, Request
from ..errors import Broken
from ..http import HttpxTransport
from ..transport import Timeouts
from . import gguf
from .catalogue import Weights, look_up
from .completions import Completions
from .engine import COMMAND, DEFAULT_OPTIONS, Engine, EngineOptions
from .errors import EngineLost, MissingExtra
from .progress import Progress, ProgressBar
from .reply import LocalReply
from .weights import obtain

OWN_WEIGHTS = "LOOPBUS_LOCAL_MODEL"
TIMEOUTS = Timeouts(first_byte_s=1800.0, idle_s=120.0)
"""A long prompt takes minutes on one core before the first byte comes."""

CAPABILITIES = Capabilities(output=True)


class LocalModel:
    """A ``Backend`` that runs a language model on this machine's CPU, in a process of its own.

    ``name`` is one of ``MODELS``. Without it, the model is the GGUF file that ``LOOPBUS_LOCAL_MODEL`` names, or else
    the first of ``MODELS``. Nothing happens before the first ``stream``: that one downloads the weights if they are not
    in the cache, and starts the engine; all others share it. ``on_progress`` is told how many bytes are there, in place
    of the bar on standard error. ``command`` is what runs the engine.

    :raises UnknownLocalModel: there is no model of that name.
    """

    def __init__(
        self,
        name: str = "",
        *,
        options: EngineOptions = DEFAULT_OPTIONS,
        on_progress: Progress | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        own = "" if name else os.environ.get(OWN_WEIGHTS, "")
        self._source: Path | Weights = Path(own).expanduser() if own else look_up(name)
        self._name = self._source.stem if isinstance(self._source, Path) else self._source.name
        self._on_progress = on_progress
        # The engine answers as many at once as it has slots. The others wait here in line, where they cost nothing.
        self._transport = HttpxTransport(TIMEOUTS, max_connections=options.slots, trust_env=False)
        self._engine = Engine(self._name, self._prepare, self._transport, options, command)

    def __repr__(self) -> str:
        return f"LocalModel({self._name!r})"

    @property
    def model(self) -> str:
        """The model's name, such as ``local:smollm2``."""
        return f"local:{self._name}"

    @property
    def capabilities(self) -> Capabilities:
        """See ``Backend``."""
        return CAPABILITIES

    @property
    def engine_pid(self) -> int | None:
        """The engine's process id, while it runs."""
        return self._engine.pid

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """See ``Backend.stream``.

        :raises MissingExtra, WeightsUnavailable, BrokenWeights, EngineFailed: the model cannot be run here.
        :raises Refused: a message holds what is no text, or more than the model can read.
        :raises EngineLost: the engine died on the way; the next call starts another.
        """
        return self._stream(replace(request, messages=tuple(request.messages)))

    async def aclose(self) -> None:
        """See ``Backend.aclose``. The engine is gone when this returns."""
        await self._engine.aclose()
        await self._transport.aclose()

    async def _stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        address = await self._engine.address()
        reply = LocalReply(Completions(self._transport, address), request)
        try:
            async with aclosing(reply.deltas()) as deltas:
                async for delta in deltas:
                    yield delta
        except Broken as exc:
            if epitaph := await self._engine.wait_epitaph():
                raise EngineLost(f"the engine of {self.model} died; {epitaph}", provider="local") from exc
            raise

    async def _prepare(self) -> Path:
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtra('a local model needs an engine to run it: pip install "loopbus[local]"')
        if isinstance(self._source, Path):
            await to_thread.run_sync(gguf.check, self._source)
            return self._source
        if self._on_progress is not None:
            return await obtain(self._source, self._on_progress)
        with ProgressBar(f"loopbus: downloading {self._name}", self._source.size) as bar:
            return await obtain(self._source, bar)
