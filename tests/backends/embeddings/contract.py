"""What every embedder must hold, as a suite: subclass it and say what makes the embedder."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

import anyio
import pytest

from loopbus.backends.embeddings import BadText, Embedder, TextTooLong, cosine
from loopbus.backends.errors import ContextOverflow, Refused

ODD = ["plain words", "你好, 世界", "😀 e\u0301 \u200b\u0000 \u2028", "\ud800 half a pair", "x" * 300, "[SEP] [PAD]"]


class EmbedderContract(ABC):
    """The suite. The embedder's model reads 256 tokens; what has a space or more than that is longer."""

    @abstractmethod
    def embedding(self) -> AbstractAsyncContextManager[Embedder]:
        """The embedder under test, closed in the end."""

    async def test_it_is_an_embedder(self) -> None:
        """It has a name that says who answers, and it fits the protocol."""
        async with self.embedding() as embedder:
            assert isinstance(embedder, Embedder)
            assert ":" in embedder.model

    async def test_each_text_gets_a_vector_in_its_place(self) -> None:
        """All of one length, whichever texts stand beside it, and however many batches that takes."""
        texts = [f"text number {number} {'word ' * (number % 7)}" for number in range(300)]
        async with self.embedding() as embedder:
            together = await embedder.embed(texts)
            alone = [(await embedder.embed([text])).vectors[0] for text in texts[::50]]
        assert len(together.vectors) == len(texts)
        assert {len(vector) for vector in together.vectors} == {together.dimensions}
        for vector, same in zip(together.vectors[::50], alone, strict=True):
            assert list(vector) == pytest.approx(list(same), abs=1e-5)
        assert together.model == embedder.model
        assert together.usage.input_tokens >= len(texts)
        assert together.usage.output_tokens == 0

    async def test_of_no_text_there_is_no_vector(self) -> None:
        """And nothing is asked or loaded for it."""
        async with self.embedding() as embedder:
            nothing = await embedder.embed([])
        assert (nothing.vectors, nothing.dimensions, nothing.usage.total_tokens) == ((), 0, 0)

    async def test_any_text_can_be_embedded(self) -> None:
        """Whatever is in it, the same text gives the same vector."""
        async with self.embedding() as embedder:
            one, other = await embedder.embed(ODD, purpose="query"), await embedder.embed(ODD, purpose="query")
        assert len(one.vectors) == len(ODD)
        assert all(cosine(*pair) > 0.9999 for pair in zip(one.vectors, other.vectors, strict=True))

    @pytest.mark.parametrize("blank", ["", " \n\t"])
    async def test_a_blank_text_is_named(self, blank: str) -> None:
        """Before anything is sent: providers answer one with anything from an error to a vector of zeros."""
        async with self.embedding() as embedder:
            with pytest.raises(BadText, match=r"texts\[1\] is blank") as caught:
                await embedder.embed(["fine", blank])
        assert caught.value.index == 1

    async def test_one_text_is_not_taken_for_a_list_of_letters(self) -> None:
        """That would work, and cost as much as there are letters."""
        async with self.embedding() as embedder:
            with pytest.raises(BadText, match=r"write \['hello'\.\.\.\]"):
                await embedder.embed("hello")

    async def test_a_text_that_is_too_long_is_named(self) -> None:
        """Its end is never cut in silence. It is an overflow like that of a chat's context."""
        async with self.embedding() as embedder:
            with pytest.raises(TextTooLong, match=r"texts\[2\]") as caught:
                await embedder.embed(["fine", "fine too", "word " * 400, "fine again"])
        assert caught.value.index == 2
        assert isinstance(caught.value, ContextOverflow)
        assert isinstance(caught.value, Refused)
        assert not caught.value.retryable

    async def test_calls_at_the_same_time_do_not_mix(self) -> None:
        """Each gets its own vectors."""
        texts = [f"number {number}" for number in range(8)]
        found: dict[str, list[float]] = {}
        async with self.embedding() as embedder:
            expected = await embedder.embed(texts)

            async def ask(text: str) -> None:
                found[text] = list((await embedder.embed([text])).vectors[0])

            async with anyio.create_task_group() as tasks:
                for text in texts:
                    tasks.start_soon(ask, text)
        for text, vector in zip(texts, expected.vectors, strict=True):
            assert found[text] == pytest.approx(list(vector), abs=1e-5)

    async def test_it_may_be_closed_twice(self) -> None:
        """Also before it was ever used."""
        async with self.embedding() as embedder:
            await embedder.aclose()
            await embedder.aclose()
