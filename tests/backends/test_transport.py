"""Bodies are read within a limit."""

import pytest

from loopbus.backends.errors import Misunderstood
from loopbus.backends.transport import HttpRequest

from .servers import Canned


async def body(limit: int, *, cut: bool = False) -> bytes:
    """A body of nine bytes, read with a limit."""
    async with Canned((200, {}, [b"abc", b"", b"def", b"ghi"])).open(HttpRequest("http://x")) as reply:
        return await reply.read(limit, cut=cut)


async def test_a_body_is_read_whole_up_to_its_limit() -> None:
    """One byte more is refused: half a body is no body."""
    assert await body(9) == b"abcdefghi"
    with pytest.raises(Misunderstood, match="longer than 8 bytes"):
        await body(8)


async def test_a_body_may_be_cut_where_its_beginning_will_do() -> None:
    """An error's explanation needs no more."""
    assert await body(5, cut=True) == b"abcde"
    assert await body(20, cut=True) == b"abcdefghi"


def test_a_request_does_not_show_its_headers() -> None:
    """One of them is the key."""
    assert "secret" not in repr(HttpRequest("http://x", headers={"authorization": "secret"}, body=b"secret"))
