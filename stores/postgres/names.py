"""Names as the tables have them: UTF-8 as bytes, so that whatever Python has in a name, the database keeps."""


def stored(name: str) -> bytes:
    """A name on its way in.

    :raises UnicodeEncodeError: it holds half of a surrogate pair.
    """
    return name.encode()


def stored_if(name: str | None) -> bytes | None:
    """The same, where there may be none."""
    return None if name is None else name.encode()


def name_of(data: bytes) -> str:
    """A name on its way out."""
    return data.decode(errors="replace")


def name_if(data: bytes | None) -> str | None:
    """The same, where there may be none."""
    return None if data is None else name_of(data)
