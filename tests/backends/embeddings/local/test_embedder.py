"""The embedder on this machine: files into vectors, in a thread."""

import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from loopbus.backends.embeddings import Embedder, LocalEmbedder, TextTooLong
from loopbus.backends.embeddings.local import embedder as embedder_module
from loopbus.backends.embeddings.local.bert import Bert
from loopbus.backends.errors import NotConfigured, Refused
from loopbus.backends.local import BrokenWeights, WeightsUnavailable

from ..contract import EmbedderContract
from .tiny import HIDDEN, PIECES, plain_vector, put, safetensors, tensors

TENSORS = tensors()


@pytest.fixture(autouse=True)
def tiny_model(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny model in the cache, where the real one would be."""
    folder = cache / "models"
    vocabulary = put(folder, "tiny.vocab.txt", "\n".join(PIECES).encode())
    monkeypatch.setattr(embedder_module, "VOCABULARY", vocabulary)
    monkeypatch.setattr(embedder_module, "WEIGHTS", put(folder, "tiny.safetensors", safetensors(TENSORS)))


class TestLocal(EmbedderContract):
    """The suite, on a tiny model."""

    @asynccontextmanager
    async def embedding(self) -> AsyncGenerator[Embedder, None]:
        embedder = LocalEmbedder()
        yield embedder
        await embedder.aclose()


async def test_files_become_vectors() -> None:
    """Those of the plain arithmetic, and the tokens are counted with the two that mark the ends."""
    found = await LocalEmbedder().embed(["the unaffable number", "the"])
    assert list(found.vectors[0]) == pytest.approx(plain_vector(TENSORS, [2, 7, 4, 5, 6, 8, 3]), abs=2e-5)
    assert list(found.vectors[1]) == pytest.approx(plain_vector(TENSORS, [2, 7, 3]), abs=2e-5)
    assert found.usage.input_tokens == 10
    assert found.dimensions == HIDDEN


async def test_what_is_too_long_loses_its_end_if_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the mark at its end."""
    monkeypatch.setattr(embedder_module, "LONGEST", 16)
    embedder = LocalEmbedder()
    cut = await embedder.embed(["the " * 400, "the " * 100_000], truncate=True)
    expected = plain_vector(TENSORS, [2, *[7] * 14, 3])
    assert [list(vector) for vector in cut.vectors] == [pytest.approx(expected, abs=2e-5)] * 2
    assert cut.usage.input_tokens == 32
    with pytest.raises(TextTooLong, match=r"texts\[0\] has 400,000 characters and .* reads 16 tokens"):
        await embedder.embed(["the " * 100_000])


async def test_it_has_the_dimensions_it_has() -> None:
    """Asking for those is no error."""
    embedder = LocalEmbedder()
    assert (await embedder.embed(["the"], dimensions=HIDDEN)).dimensions == HIDDEN
    with pytest.raises(Refused, match=f"has {HIDDEN} dimensions and no others"):
        await embedder.embed(["the"], dimensions=12)


async def test_the_event_loop_turns_while_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a call that is cancelled stops after the batch in hand; the next one is answered."""
    begun, go_on, threads = threading.Event(), threading.Event(), list[int]()
    compute = Bert.vectors

    def slowly(self: Bert, texts: Any) -> Any:
        threads.append(threading.get_ident())
        begun.set()
        go_on.wait(5)
        return compute(self, texts)

    embedder = LocalEmbedder()
    await embedder.embed(["the"])
    monkeypatch.setattr(Bert, "vectors", slowly)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(embedder.embed, ["the " * 250] * 500)
        assert await anyio.to_thread.run_sync(begun.wait, 5)
        tasks.cancel_scope.cancel()
        go_on.set()
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    monkeypatch.setattr(Bert, "vectors", compute)
    assert len((await embedder.embed(["the"])).vectors) == 1


async def test_files_are_read_once_and_anew_after_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls share them, also those that come while the first one reads."""
    obtained: list[str] = []
    obtain = embedder_module.obtain  # pyright: ignore[reportPrivateImportUsage]  # it is what is replaced

    async def counted(weights: Any, on_progress: Any) -> Path:
        obtained.append(weights.file)
        return await obtain(weights, on_progress)

    monkeypatch.setattr(embedder_module, "obtain", counted)
    embedder = LocalEmbedder(on_progress=lambda written: None)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(embedder.embed, ["the"])
    assert obtained == ["tiny.vocab.txt", "tiny.safetensors"]
    await embedder.aclose()
    await embedder.embed(["the"])
    assert len(obtained) == 4


async def test_files_that_cannot_be_had_or_read_are_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first with the places that were tried; nothing that was not checked is read."""
    monkeypatch.setattr(embedder_module, "WEIGHTS", put(cache / "models", "odd.safetensors", b"12345678{}"))
    with pytest.raises(BrokenWeights, match="cannot be read as safetensors"):
        await LocalEmbedder().embed(["the"])
    (cache / "models" / "odd.safetensors").write_bytes(b"12345678[]")
    with pytest.raises(WeightsUnavailable, match=r"odd\.safetensors .* could not be had"):
        await LocalEmbedder().embed(["the"])


async def test_without_numpy_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """The extra is named first."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    (cache / "models" / "tiny.safetensors").unlink()
    with pytest.raises(NotConfigured, match=r'pip install "loopbus\[embed\]"'):
        await LocalEmbedder().embed(["the"])
