"""Parts of a Chat Completion's message, where its content is no plain text: Mistral's thinking, pictures, refusals."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from ...events.content import Image, Opaque, Refusal
from ..contract import BlockPiece, Delta, TextPiece, ThinkingPiece
from .fields import text


def read_part(part: dict[str, Any], provider: str) -> Delta:
    """One part; of a kind that we do not know, it is kept for its ``provider``.

    :raises TypeError: as any of ``WRONG_SHAPE``: the part has the wrong shape.
    """
    read = _PARTS.get(part.get("type", ""))
    return BlockPiece(Opaque(provider, part)) if read is None else read(part)


def read_image(part: Mapping[str, Any]) -> Image:
    """A picture, by its address or by its bytes in one.

    :raises ValueError: as any of ``WRONG_SHAPE``: the part has the wrong shape.
    """
    url = text(part["image_url"]["url"])
    head, comma, data = url.partition(";base64,")
    if not comma or not head.startswith("data:"):
        return Image("image/*", url=url)
    return Image(head.removeprefix("data:"), data=base64.b64decode(data, validate=True))


def _thinking(part: Mapping[str, Any]) -> ThinkingPiece:
    thought = part["thinking"]
    words = thought if isinstance(thought, str) else "".join(text(word["text"]) for word in thought if "text" in word)
    signature = part.get("signature")
    return ThinkingPiece(words, None if signature is None else text(signature))


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], Delta]] = {
    "text": lambda part: TextPiece(text(part["text"])),
    "output_text": lambda part: TextPiece(text(part["text"])),
    "thinking": _thinking,
    "image_url": lambda part: BlockPiece(read_image(part)),
    "refusal": lambda part: BlockPiece(Refusal(text(part["refusal"]))),
}
