"""Pictures, sound and files as addresses."""

import base64

from ...events.content import Media


def data_url(media: Media) -> str:
    """The address of ``media``, or its bytes as one.

    Source of the format: https://www.rfc-editor.org/rfc/rfc2397.
    """
    if media.data is None:
        return media.url or ""
    return f"data:{media.media_type};base64,{base64.b64encode(media.data).decode()}"
