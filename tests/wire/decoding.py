"""What the decoders of recorded requests share: a tool as a wire tells it, and bytes out of base64."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import JsonValue

_ELIDED = re.compile(r"<elided \d+ base64 chars sha256:[0-9a-f]+>")


@dataclass(frozen=True)
class RecordedTool:
    """A tool as it was told to a model."""

    name: str
    description: str
    parameters: Mapping[str, JsonValue]
    strict: bool | None = False


def restored(value: Any) -> Any:
    """``value`` with base64 in the place of each note that base64 was left out: the note itself, encoded."""
    if isinstance(value, str):
        return _ELIDED.sub(lambda note: base64.b64encode(note[0].encode()).decode(), value)
    if isinstance(value, list):
        return [restored(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: restored(item) for name, item in cast("dict[str, Any]", value).items()}
    return value


def split_data_url(url: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a ``data:`` URL; ``None`` if it is another address."""
    head, comma, data = url.partition(";base64,")
    if not comma or not head.startswith("data:"):
        return None
    return head.removeprefix("data:"), base64.b64decode(data)
