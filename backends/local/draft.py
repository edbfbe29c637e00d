"""A reply as it is being written: what may be shown at once, and what waits because it may be a tool call. Pure."""

import re
from bisect import bisect_right

OPENINGS = ("<tool_call>", '{"name"', '```{"name"', '```json{"name"')
"""How a call begins, white space aside: tagged, bare or fenced."""

_FIRST = re.compile("[<{`]")
_SPACE = re.compile(r"\s+")


class Draft:
    """Takes a reply piece by piece and gives back its words as soon as they are surely no call."""

    def __init__(self) -> None:
        self.text = ""
        self.has_call = False
        """Whether something began as a call does; all from there on is held back."""
        self.is_silent = True
        """Whether no word was given back yet."""
        self._given = 0
        self._starts: list[int] = []
        self._logprobs: list[float] = []

    @property
    def rest(self) -> str:
        """What was held back."""
        return self.text[self._given :]

    def feed(self, text: str, logprob: float = 0.0) -> str:
        """Add a piece, with the log of its probability, and get the words that may be shown now."""
        self._starts.append(len(self.text))
        self._logprobs.append(logprob)
        self.text += text
        start, self._given = self._given, self._safe_until()
        words = self.text[start : self._given]
        if self.is_silent:
            words = words.lstrip()
            self.is_silent = not words
        return words

    def least_likely(self, start: int, end: int) -> float:
        """The smallest log of a probability in the text from ``start`` to ``end``."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1)
        return min(self._logprobs[first:last])

    def _safe_until(self) -> int:
        place = self._given
        while not self.has_call and (found := _FIRST.search(self.text, place)):
            begun = _SPACE.sub("", self.text[found.start() :])
            if any(opening.startswith(begun[: len(opening)]) for opening in OPENINGS):
                self.has_call = any(map(begun.startswith, OPENINGS))
                return found.start()
            place = found.start() + 1
        return self._given if self.has_call else len(self.text)
