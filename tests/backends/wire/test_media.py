"""Media as addresses."""

from loopbus.backends.wire.media import data_url
from loopbus.events.content import Image


def test_bytes_become_an_address_of_themselves() -> None:
    """Base64 with the media type before it; an address stays what it is."""
    assert data_url(Image("image/png", data=b"png")) == "data:image/png;base64,cG5n"
    assert data_url(Image("image/*", url="https://x/y.png")) == "https://x/y.png"
