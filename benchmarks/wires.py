"""What a codec costs: a streamed chunk of each wire, from its bytes to our deltas."""

import asyncio
from collections.abc import Callable, Sequence

from loopbus.backends.contract import StopPiece, TextPiece
from loopbus.backends.wire.account import Account

from . import wires_floor
from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave
from .wire_streams import STREAMS, WORD, Stream

WORDS = 4_000
MICROSECONDS = 1e6


def figures(effort: Effort) -> list[Figure]:
    """Every wire by itself, a word an event and an event a chunk."""
    return [_figure(stream, effort) for stream in STREAMS]


def _figure(stream: Stream, effort: Effort) -> Figure:
    words = effort.times(WORDS, least=20)
    chunks = list(stream.chunks(words))
    samples = {
        "ours": _sample(lambda: read(stream, chunks), words),
        "floor": _sample(lambda: wires_floor.read(chunks, wires_floor.PAYLOADS[stream.pack], stream.text), words),
    }
    taken = asyncio.run(interleave(samples, effort))
    name = f"chunk, {stream.wire.name}"
    return figure(name, "us", Pairs(taken["ours"], taken["floor"]), Target("ratio", 1.25), per_second=MICROSECONDS)


def read(stream: Stream, chunks: Sequence[bytes]) -> int:
    """Read an answer as ``exchange`` does; return how many characters of text came."""
    frames, answer = stream.wire.frames(), stream.wire.answer(Account("benchmark"))
    feed, take = frames.feed, answer.read
    characters = 0
    for chunk in chunks:
        for frame in feed(chunk):
            for delta in take(frame):
                if type(delta) is TextPiece:
                    characters += len(delta.text)
    assert type(answer.finish()[-1]) is StopPiece
    return characters


def _sample(read: Callable[[], int], words: int) -> Sample:
    async def sample() -> float:
        with Stopwatch() as watch:
            characters = read()
        assert characters == words * len(WORD)
        return watch.cpu_s / words

    return sample
