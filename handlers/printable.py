"""Makes a text safe to show on a terminal: nothing in it can move the cursor, colour, hide or reorder anything."""

from collections.abc import Iterator
from itertools import chain

_KEPT = frozenset("\n\t")


def _codes() -> Iterator[int]:
    controls = chain(range(0x20), range(0x7F, 0xA0))
    separators = (0x2028, 0x2029)
    # These turn the direction of what follows, so that a line can say another thing than it seems to.
    directions = chain((0x061C, 0x200E, 0x200F), range(0x202A, 0x202F), range(0x2066, 0x206A))
    surrogates = range(0xD800, 0xE000)
    return chain(controls, separators, directions, surrogates)


_VISIBLE = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _codes() if chr(code) not in _KEPT}


def printable(text: str) -> str:
    """The text with every control character written out as its code; line ends and tabs stay."""
    text = text.replace("\r\n", "\n")
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)
