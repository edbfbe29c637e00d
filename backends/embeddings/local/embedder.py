"""The embedded embedding model: downloaded once, checked, and computed in a thread."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import anyio
from anyio import from_thread, to_thread

from ....events.usage import NO_USAGE, Usage
from ...errors import Refused
from ...extras import load
from ...local.catalogue import Weights
from ...local.errors import UnknownLocalModel
from ...local.progress import Progress, ProgressBar
from ...local.weights import obtain
from ..contract import Embeddings, Purpose
from ..errors import TextTooLong
from ..texts import check_texts
from ..vectors import Vector, from_bytes
from .bert import Bert
from .catalogue import NAME, VOCABULARY, WEIGHTS
from .safetensors import MISSING, read_tensors
from .wordpiece import WordPiece

HEADS = 12
LONGEST = 256
"""Tokens of a text, the two that mark its ends included: longer ones were not trained on."""
LONGEST_CHARACTERS = 100_000
"""What is longer is not even looked at to its end."""
BATCH_TOKENS = 2048
"""More of them at a time are no faster, and take more memory: 40 MB for these."""


class _Model(NamedTuple):
    """What is in memory once the files were read."""

    pieces: WordPiece
    encoder: Bert


class LocalEmbedder:
    """An ``Embedder`` that computes on this machine's CPU: all-MiniLM-L6-v2, 384 dimensions, English, Apache-2.0.

    Nothing happens before the first ``embed``: that one downloads the weights if they are not in the cache, and reads
    them; all others share them. One call computes at a time, in a thread; the others wait in line, and one that is
    cancelled stops after the batch in hand. Every vector has length 1. ``on_progress`` is told how many bytes of the
    weights are there, in place of the bar on standard error.

    :raises UnknownLocalModel: there is no model of that name.
    """

    def __init__(self, name: str = "", *, on_progress: Progress | None = None) -> None:
        if name not in ("", NAME):
            raise UnknownLocalModel(
                f"no local embedding model is called {name!r}. Known: local:{NAME}, local for short"
            )
        self._on_progress = on_progress
        self._model: _Model | None = None
        self._lock = anyio.Lock()

    def __repr__(self) -> str:
        return "LocalEmbedder()"

    @property
    def model(self) -> str:
        """The model's name."""
        return f"local:{NAME}"

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = "document",
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> Embeddings:
        """See ``Embedder.embed``. ``purpose`` makes no difference to this model.

        :raises Refused: other ``dimensions`` than the model has.
        :raises NotConfigured: numpy is not installed, or the weights cannot be had or read.
        """
        checked = check_texts(texts)
        if not checked:
            return Embeddings((), self.model, NO_USAGE)
        async with self._lock:
            if self._model is None:
                self._model = await self._load()
            model = self._model
            if dimensions not in (None, model.encoder.dimensions):
                raise Refused(f"{self.model} has {model.encoder.dimensions} dimensions and no others", provider="local")
            vectors, tokens = await to_thread.run_sync(_compute, model, checked, truncate)
        return Embeddings(vectors, self.model, Usage(tokens))

    async def aclose(self) -> None:
        """See ``Embedder.aclose``. The next ``embed`` reads the weights anew."""
        self._model = None

    async def _load(self) -> _Model:
        load("numpy", MISSING)
        return await to_thread.run_sync(_read, await self._obtain(VOCABULARY), await self._obtain(WEIGHTS))

    async def _obtain(self, weights: Weights) -> Path:
        if self._on_progress is not None:
            return await obtain(weights, self._on_progress)
        with ProgressBar(f"loopbus: downloading {weights.name}", weights.size) as bar:
            return await obtain(weights, bar)


def _read(vocabulary: Path, weights: Path) -> _Model:
    return _Model(WordPiece.from_file(vocabulary), Bert(read_tensors(weights), HEADS))


def _compute(model: _Model, texts: Sequence[str], truncate: bool) -> tuple[tuple[Vector, ...], int]:
    """The vectors, in order, and how many tokens were read. Runs in a thread, and stops between batches."""
    tokens = [_tokens(model.pieces, index, text, truncate) for index, text in enumerate(texts)]
    # Texts of about one length side by side waste the least work.
    order = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
    found: dict[int, Vector] = {}
    while order:
        from_thread.check_cancelled()
        count = max(1, BATCH_TOKENS // len(tokens[order[-1]]))
        batch, order = order[-count:], order[:-count]
        rows = model.encoder.vectors([tokens[index] for index in batch])
        found |= {index: from_bytes(row.tobytes()) for index, row in zip(batch, rows, strict=True)}
    return tuple(found[index] for index in range(len(texts))), sum(map(len, tokens))


def _tokens(pieces: WordPiece, index: int, text: str, truncate: bool) -> list[int]:
    tokens = pieces.ids(text[:LONGEST_CHARACTERS])
    if len(tokens) <= LONGEST and len(text) <= LONGEST_CHARACTERS:
        return tokens
    if not truncate:
        size = f"{len(tokens)} tokens" if len(text) <= LONGEST_CHARACTERS else f"{len(text):,} characters"
        raise TextTooLong(
            f"texts[{index}] has {size} and {NAME} reads {LONGEST} tokens: cut it into passages, or truncate=True",
            index=index,
            provider="local",
        )
    return [*tokens[: LONGEST - 1], tokens[-1]]
