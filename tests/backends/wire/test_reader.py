"""However an answer ends, all wires say it in the same words."""

import pytest

from loopbus.backends.contract import StopPiece, StopReason
from loopbus.backends.errors import Broken, Incomplete, Misunderstood
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.reader import Reader


class AcmeReader(Reader):
    """Reads one answer: its end alone."""

    FORMAT = "answer of Acme's"
    END = "end"

    def end(self, word: str, reason: StopReason = "end", calls: int = 0) -> StopPiece:
        """The stop after this word."""
        self._stop = word
        self._check_end({"broken"})
        return self._stop_piece(reason, calls=calls)

    def garble(self) -> Misunderstood:
        """The error for a frame of the wrong shape."""
        return self._misunderstood(b"frame", "no end")


def test_an_answer_without_its_end_is_incomplete() -> None:
    """The error names the field that is not there; an end without a word is none."""
    reader = AcmeReader(Account("acme"))
    with pytest.raises(Incomplete, match=r"^acme ended in the middle of the reply \(no end\)$"):
        reader.end("")
    assert not reader.stopped


def test_a_word_for_having_broken_off_is_no_stop() -> None:
    """The provider's word is the error's code."""
    with pytest.raises(Broken, match="broke off the reply") as caught:
        AcmeReader(Account("acme")).end("broken")
    assert (caught.value.provider, caught.value.code) == ("acme", "broken")
    assert not isinstance(caught.value, Incomplete)


@pytest.mark.parametrize(
    ("reason", "calls", "told"),
    [("end", 0, "end"), ("end", 2, "tool_calls"), ("length", 2, "length"), ("other", 1, "other")],
)
def test_an_answer_that_ends_with_calls_has_stopped_for_them(reason: StopReason, calls: int, told: StopReason) -> None:
    """Whatever its model says; one that was cut was cut."""
    reader = AcmeReader(Account("acme"))
    assert reader.end("fin", reason, calls) == StopPiece(told, "fin")
    assert reader.stopped


def test_the_wrong_shape_is_told_with_what_had_it() -> None:
    """Who sent it, what it should have been, why not, and its first bytes."""
    error = AcmeReader(Account("acme")).garble()
    assert str(error) == "acme sent what is no answer of Acme's (no end): b'frame'"
    assert (error.provider, error.frame) == ("acme", b"frame")
