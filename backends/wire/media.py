"""Pictures, sound and files as OpenAI takes them, and others after it."""

import base64
from collections.abc import Mapping
from typing import Any

from ...events.content import Audio, Media
from ..errors import Refused

AUDIO_FORMATS: Mapping[str, str] = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "x-m4a": "m4a", "mp4": "m4a"}
"""``input_audio.format`` for a media type's second half, where the two differ."""


def data_url(media: Media) -> str:
    """The address of ``media``, or its bytes as one.

    Source of the format: https://www.rfc-editor.org/rfc/rfc2397.
    """
    if media.data is None:
        return media.url or ""
    return f"data:{media.media_type};base64,{base64.b64encode(media.data).decode()}"


def input_audio(audio: Audio) -> dict[str, Any]:
    """The part for a sound.

    :raises Refused: it is an address.
    """
    if audio.data is None:
        raise Refused("OpenAI takes sound as bytes, not as an address: load it and pass Audio(data=...)")
    subtype = audio.media_type.partition("/")[2]
    data = base64.b64encode(audio.data).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": AUDIO_FORMATS.get(subtype, subtype)}}
