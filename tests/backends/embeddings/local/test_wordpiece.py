"""Texts are cut as BERT's own tokenizer cuts them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.embeddings.local.wordpiece import WordPiece
from loopbus.backends.local import BrokenWeights

from .tiny import PIECES

WORDS = WordPiece(PIECES)


def pieces(text: str) -> list[str]:
    """The pieces of a text, without those that mark its ends."""
    ids = WORDS.ids(text)
    assert (PIECES[ids[0]], PIECES[ids[-1]]) == ("[CLS]", "[SEP]")
    return [PIECES[number] for number in ids[1:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("the unaffable", ["the", "un", "##aff", "##able"]),
        ("THE\tThé\u0301\u00a0the", ["the", "the", "the"]),
        ("the,the$5", ["the", ",", "the", "$", "5"]),
        ("the你5", ["the", "你", "5"]),
        ("un\u200baff\u0000able", ["un", "##aff", "##able"]),
        ("the\u2028the", ["the", "the"]),
        ("unx the", ["[UNK]", "the"]),
        ("\ufffd\ud800 the", ["the"]),
        ("1" * 100, ["1"] + ["##1"] * 99),
        ("1" * 101, ["[UNK]"]),
    ],
)
def test_a_text_is_cut_into_pieces(text: str, expected: list[str]) -> None:
    """In lower case, without accents, apart at punctuation and Chinese characters, the longest pieces first."""
    assert pieces(text) == expected


def test_a_text_cannot_name_special_tokens() -> None:
    """What a user writes is text; it neither ends a sentence nor hides a word."""
    assert not {"[CLS]", "[SEP]", "[PAD]"} & set(pieces("[SEP] [CLS] [PAD] the"))


@given(st.text())
def test_any_text_is_cut(text: str) -> None:
    """Into known pieces, the same ones each time."""
    ids = WORDS.ids(text)
    assert all(0 <= number < len(PIECES) for number in ids)
    assert WORDS.ids(text) == ids


@given(st.lists(st.text(), max_size=5))
def test_words_do_not_depend_on_their_neighbours(texts: list[str]) -> None:
    """Texts with a blank between them are cut one by one."""
    assert pieces(" ".join(texts)) == [piece for text in texts for piece in pieces(text)]


def test_a_vocabulary_is_a_file_with_a_piece_on_each_line(tmp_path: Path) -> None:
    """Only a line feed ends a line: other characters that some take for line ends are pieces too."""
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join([*PIECES, "\u2028", "last"]) + "\n", "utf-8")
    assert WordPiece.from_file(path).ids("last") == [2, len(PIECES) + 1, 3]


def test_what_is_no_vocabulary_is_told(tmp_path: Path) -> None:
    """With what it lacks, or its path."""
    with pytest.raises(BrokenWeights, match=r"lacks '\[SEP\]'"):
        WordPiece(["[CLS]", "[UNK]"])
    path = tmp_path / "vocab.txt"
    path.write_bytes(b"\xff\xff")
    with pytest.raises(BrokenWeights, match=r"vocab\.txt"):
        WordPiece.from_file(path)
