"""Pictures, sound, documents and films as Bedrock's Converse takes them."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from ...events.content import Audio, File, Image, Media
from ..errors import Refused

Json = dict[str, Any]

DOCUMENTS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
}
"""``document.format`` of a media type; any other kind of text is sent as ``txt``."""

FORMATS: Mapping[str, str] = {
    "jpg": "jpeg",
    "x-wav": "wav",
    "wave": "wav",
    "x-m4a": "m4a",
    "x-matroska": "mkv",
    "quicktime": "mov",
    "x-flv": "flv",
    "x-ms-wmv": "wmv",
    "3gpp": "three_gp",
}
"""``format`` of a media type's second half, where the two differ."""

MEDIA: Mapping[type[Media], str] = {Image: "image", Audio: "audio", File: "document"}
"""The kinds of block that are media, and what Bedrock calls them."""

_UNFIT = re.compile(r"[^0-9A-Za-z\-_()\[\]]+")
_ENDING = re.compile(r"\.(pdf|csv|docx?|xlsx?|html?|txt|md)$", re.IGNORECASE)


class DocumentNames:
    """Names that Bedrock takes, no two the same in one request."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, file: File) -> str:
        """The name of the next document: without its ending, and without what Bedrock allows in no name."""
        given = _UNFIT.sub(" ", _ENDING.sub("", file.name or "")).strip() or "document"
        name, number = given, 1
        while name in self._taken:
            number += 1
            name = f"{given} {number}"
        self._taken.add(name)
        return name


def write_media(media: Image | Audio | File, names: DocumentNames, place: str = "message", without: str = "") -> Json:
    """The content block for a picture, a sound or a file; ``without`` names a kind that the ``place`` cannot hold.

    :raises Refused: it is of that kind, is neither bytes nor in S3, or is a document of a type that Bedrock refuses.
    """
    main, _, subtype = media.media_type.partition(";")[0].strip().lower().partition("/")
    kind = "video" if main == "video" else MEDIA[type(media)]
    if kind == without:
        raise Refused(f"a {place} cannot hold {kind} in Bedrock's Converse")
    source = _source(media)
    if not isinstance(media, File) or kind == "video":
        return {kind: {"format": FORMATS.get(subtype, subtype), "source": source}}
    form = DOCUMENTS.get(f"{main}/{subtype}") or ("txt" if main == "text" else "")
    if not form:
        raise Refused(f"Bedrock takes no document of type {media.media_type}: use one of {', '.join(DOCUMENTS)}")
    return {kind: {"format": form, "name": names.of(media), "source": source}}


def _source(media: Media) -> Json:
    if media.data is not None:
        return {"bytes": base64.b64encode(media.data).decode()}
    if (media.url or "").startswith("s3://"):
        return {"s3Location": {"uri": media.url}}
    raise Refused(
        f"Bedrock takes media as bytes or from s3://, not from another address: load it and pass "
        f"{type(media).__name__}(data=...)"
    )
