"""Cuts text into the pieces that BERT was trained on, by the rules of its "uncased" models.

Source: https://arxiv.org/abs/1810.04805 and the "uncased" tokenizer published with it. A text is brought into lower
case without accents, split at blanks and around punctuation and Chinese characters, and each word is cut into the
longest pieces that the vocabulary has. Unlike there, a text cannot name special tokens: ``[SEP]`` in it is no more than
its five characters.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from pathlib import Path

from ...local.errors import BrokenWeights

CLS, SEP, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
CONTINUES = "##"
LONGEST_WORD = 100
"""Longer words, in characters, are unknown without a look."""
REMEMBERED_WORDS = 1 << 16

DROPPED = frozenset({"Mn", "Cc", "Cf", "Co", "Cs"})
"""Kinds of characters that leave no trace: accents, once they stand by themselves, and what cannot be seen."""
IDEOGRAPHS = (
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xF900, 0xFB00),
    range(0x20000, 0x2A6E0),
    range(0x2A700, 0x2CEB0),
    range(0x2F800, 0x2FA20),
)
"""The blocks of Chinese characters, as BERT has them: each of these characters is a word of its own."""


class _Forms(dict[int, str | None]):
    """What becomes of each character, for ``str.translate``; filled as characters are met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = form = _form(chr(code))
        return form


class WordPiece:
    """A vocabulary, ready to cut texts with.

    :raises BrokenWeights: a special token is not in it.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        try:
            self._first, self._last, self._unknown = (self._ids[token] for token in (CLS, SEP, UNKNOWN))
        except KeyError as exc:
            raise BrokenWeights(f"the vocabulary lacks {exc}") from exc
        self._forms = _Forms()
        self._cut = lru_cache(REMEMBERED_WORDS)(self._cut_word)

    @classmethod
    def from_file(cls, path: Path) -> "WordPiece":
        """The vocabulary in a file with a piece on each line.

        :raises BrokenWeights: it is none.
        """
        try:
            return cls(path.read_text("utf-8").removesuffix("\n").split("\n"))
        except (OSError, UnicodeDecodeError) as exc:
            raise BrokenWeights(f"{path} cannot be read as a vocabulary ({exc})") from exc

    def ids(self, text: str) -> list[int]:
        """The numbers of the pieces, between those that mark where a text begins and ends."""
        words = unicodedata.normalize("NFD", text).translate(self._forms).split()
        return [self._first, *chain.from_iterable(map(self._pieces_of, words)), self._last]

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        return (self._unknown,) if len(word) > LONGEST_WORD else self._cut(word)

    def _cut_word(self, word: str) -> tuple[int, ...]:
        found: list[int] = []
        start, mark = 0, ""
        while start < len(word):
            for end in range(len(word), start, -1):
                number = self._ids.get(mark + word[start:end])
                if number is not None:
                    break
            else:
                # A word that cannot be cut to its end is unknown as a whole.
                return (self._unknown,)
            found.append(number)
            start, mark = end, CONTINUES
        return tuple(found)


def _form(char: str) -> str | None:
    category = unicodedata.category(char)
    if char in "\t\n\r" or category[0] == "Z":
        return " "
    if category in DROPPED or char == "\ufffd":
        return None
    if category[0] == "P" or _is_ascii_symbol(char) or _is_ideograph(char):
        return f" {char} "
    return char.lower()


def _is_ascii_symbol(char: str) -> bool:
    # "$", "+" and their like are no punctuation to Unicode, and are to BERT.
    return char < "\x7f" and not char.isalnum()


def _is_ideograph(char: str) -> bool:
    return any(ord(char) in block for block in IDEOGRAPHS)
