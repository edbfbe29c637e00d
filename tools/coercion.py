"""Turns whatever a tool returns into text for a model, and media beside it."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from pydantic_core import to_json

from ..events.content import Audio, File, Image, Text
from .clipping import Clip, whole_characters
from .culprit import culprit
from .errors import Unencodable

CAP_BYTES: Final = 65_536
"""How many bytes of UTF-8 a model is shown of one result, unless it is said otherwise."""

LARGEST_PART: Final = 20 * 1024 * 1024
"""The most bytes of one picture, sound or file: what the large providers accept in one request."""

_NAME = "result"
_COUNTED_CHARACTERS = 16 * 1024 * 1024
_COUNTED_AT_ONCE = 65_536
_MOST_BLOCKS = 1000
_LEAST_INT = -(10**100)
_GREATEST_INT = 10**100

Part = Image | Audio | File


class Rendered(NamedTuple):
    """A result as the model gets it."""

    text: str
    """At most the cap, and behind it, where something was left out, a marker that says how much."""
    parts: tuple[Part, ...]
    truncated: bool
    full_size: int
    """Bytes of the whole result: of its text or JSON in UTF-8, and of its media.

    Estimated where the marker says "about": for containers that are too large to be encoded whole, and texts of more
    than 16 million characters that are not all ASCII.
    """


def render(value: object, cap_bytes: int = CAP_BYTES) -> Rendered:
    """Turn a tool's result into text, and parts for what is no text.

    - A ``str`` is the text itself. ``bytes`` are text if they are UTF-8, else a ``File`` part.
    - ``Text``, ``Image``, ``Audio``, ``File``, or a list or tuple that holds one of these: the texts line by line, and
      the media as parts. Media above 20 MiB are left out, which the text says.
    - Everything else is its JSON: ``None`` is ``null``, an enum its value, a NaN ``"NaN"``, a ``Decimal``, a date, a
      ``UUID`` or a path a JSON string, a dataclass or model an object, a set a sorted array.

    The work is bounded by the cap, whatever the size of the value. What lies behind the cap is not looked at.

    :raises Unencodable: there is no such text: a part is no JSON, contains itself, is nested more than 100 deep, or
        holds a lone surrogate. It names the part.
    """
    kind = type(value)
    if kind is str:
        text = cast(str, value)
        size = len(text)
        if size <= cap_bytes and text.isascii():
            return Rendered(text, (), False, size)
        return _render_str(text, cap_bytes)
    if kind is int and _LEAST_INT < cast(int, value) < _GREATEST_INT:
        text = str(value)
        if len(text) <= cap_bytes:
            return Rendered(text, (), False, len(text))
    render_kind = _RENDERERS.get(kind, _render_str if isinstance(value, str) else _render_json)
    return render_kind(value, cap_bytes)


def _render_json(value: Any, cap_bytes: int) -> Rendered:
    clip = Clip(cap_bytes)
    try:
        data = to_json(clip.take(value), inf_nan_mode="strings")
    except Exception as error:
        # Not only pydantic's own error: a serializer in the user's models may raise anything.
        raise culprit(value, _NAME, _encode) from error
    if len(data) <= cap_bytes and not clip.missing:
        return Rendered(data.decode(), (), False, len(data))
    return _cut(data, clip.full_size(len(data)), cap_bytes, exact=not clip.missing)


def _encode(value: Any) -> bytes:
    return to_json(Clip(CAP_BYTES).take(value), inf_nan_mode="strings")


def _render_str(text: str, cap_bytes: int) -> Rendered:
    text = str.__str__(text)
    try:
        head = text[:cap_bytes].encode()
    except UnicodeEncodeError as error:
        raise culprit(text, _NAME, str.encode) from error
    if len(head) <= cap_bytes and len(text) <= cap_bytes:
        return Rendered(text, (), False, len(head))
    size, exact = _utf8_size(text)
    return _cut(head, size, cap_bytes, exact=exact)


def _utf8_size(text: str) -> tuple[int, bool]:
    """Bytes of ``text`` in UTF-8, and whether they were all counted."""
    if text.isascii():
        return len(text), True
    counted = min(len(text), _COUNTED_CHARACTERS)
    stretches = range(0, counted, _COUNTED_AT_ONCE)
    size = sum(len(text[at : min(at + _COUNTED_AT_ONCE, counted)].encode("utf-8", "surrogatepass")) for at in stretches)
    return size * len(text) // counted, counted == len(text)


def _render_bytes(data: bytes | bytearray | memoryview, cap_bytes: int) -> Rendered:
    whole = len(data) <= _COUNTED_CHARACTERS
    head = bytes(data) if whole else whole_characters(bytes(data[:cap_bytes]))
    try:
        text = head.decode()
    except UnicodeDecodeError:
        return _render_media(File("application/octet-stream", bytes(data)), cap_bytes)
    return _render_str(text, cap_bytes) if whole else _cut(head, len(data), cap_bytes)


def _render_media(part: Part, cap_bytes: int) -> Rendered:
    size = len(part.data or b"")
    if size <= LARGEST_PART:
        return Rendered("", (part,), False, size)
    said = f"[{part.media_type} of {size:,} bytes left out: a part may have {LARGEST_PART:,}]"
    return Rendered(said, (), True, size)


def _render_text(block: Text, cap_bytes: int) -> Rendered:
    return _render_str(block.text, cap_bytes)


def _render_sequence(values: list[Any] | tuple[Any, ...], cap_bytes: int) -> Rendered:
    if len(values) > _MOST_BLOCKS or not any(type(value) in _BLOCKS for value in values):
        return _render_json(values, cap_bytes)
    lines: list[str] = []
    media: list[Rendered] = []
    for number, value in enumerate(values):
        if isinstance(value, Part):
            media.append(_render_media(value, cap_bytes))
            lines.append(media[-1].text)
        elif isinstance(value, Text | str):
            lines.append(value.text if isinstance(value, Text) else value)
        else:
            reason = f"{type(value).__name__} between content blocks; return texts and blocks alone, or JSON alone"
            raise Unencodable(f"{_NAME}[{number}]", reason)
    return _beside(_render_lines(lines, cap_bytes), media)


def _render_lines(lines: list[str], cap_bytes: int) -> Rendered:
    try:
        return _render_str("\n".join(line for line in lines if line), cap_bytes)
    except Unencodable as error:
        raise culprit(lines, _NAME, _encode) from error


def _beside(text: Rendered, media: list[Rendered]) -> Rendered:
    return Rendered(
        text.text,
        tuple(part for one in media for part in one.parts),
        text.truncated or any(one.truncated for one in media),
        text.full_size + sum(one.full_size for one in media),
    )


def _cut(data: bytes, full_size: int, cap_bytes: int, *, exact: bool = True) -> Rendered:
    shown = whole_characters(data[:cap_bytes])
    about = "" if exact else "about "
    marker = f"… [truncated: {about}{full_size:,} bytes in all, {len(shown):,} shown]"
    return Rendered(shown.decode() + marker, (), True, full_size)


_BLOCKS = frozenset({Text, Image, Audio, File})
_RENDERERS: Mapping[type, Callable[[Any, int], Rendered]] = {
    dict: _render_json,
    bytes: _render_bytes,
    bytearray: _render_bytes,
    memoryview: _render_bytes,
    Text: _render_text,
    Image: _render_media,
    Audio: _render_media,
    File: _render_media,
    list: _render_sequence,
    tuple: _render_sequence,
}
