"""The hub is asked first: with short time-outs, and with what is there already taken into account."""

import os
import re
from pathlib import Path

import pytest
from pydantic_core import to_json

from loopbus.backends.errors import BackendError, Broken, Refused
from loopbus.backends.local import hub
from loopbus.backends.local.catalogue import Hub
from loopbus.backends.local.errors import BrokenWeights
from loopbus.backends.local.partial import Partial
from loopbus.backends.transport import Timeouts

from ..servers import Answer, Canned, Connection, serving
from .weights import CONTENT, row

PLACE = Hub("author/model-gguf", "tiny.gguf", "abc123")


def head(status: str, length: int, *headers: str) -> bytes:
    """The head of an answer whose body has ``length`` bytes."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {length}", *headers, "", ""]).encode()


def asked_from(connection: Connection) -> int:
    """The byte that the request wants to begin at."""
    found = re.fullmatch(r"bytes=(\d+)-", connection.header("range"))
    return int(found[1]) if found else 0


async def send_from(connection: Connection, start: int, end: int | None = None) -> None:
    """Send the weights from a byte on; the answer promises all, and ``end`` is where the connection is cut."""
    rest = CONTENT[start:]
    partial = f"content-range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    known = head("206 Partial Content", len(rest), partial) if start else head("200 OK", len(rest))
    await connection.send(known, CONTENT[start:end])
    if end is not None:
        await connection.close()


async def fetch(answer: Answer, target: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fetch the weights from a hub that answers so; gives what the progress was told."""
    told: list[int] = []
    failure: BackendError | None = None
    async with serving(answer) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/")
        try:
            with Partial(target, row()) as partial:
                await hub.fetch(PLACE, partial, told.append)
                partial.finish()
        except BackendError as exc:
            failure = exc
    # Raised inside the block, the server's task group would wrap it.
    if failure is not None:
        raise failure
    return told


def test_the_file_is_asked_for_at_its_revision() -> None:
    """At the public hub, unless the hub's own variable names a mirror."""
    assert hub.address_of(PLACE) == "https://huggingface.co/author/model-gguf/resolve/abc123/tiny.gguf"


async def test_it_comes_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The progress ends at the size."""
    heard: list[Connection] = []

    async def answer(connection: Connection) -> None:
        heard.append(connection)
        await send_from(connection, 0)

    told = await fetch(answer, tmp_path / "w", monkeypatch)
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert told[-1] == len(CONTENT)
    assert heard[0].head.startswith(b"GET /author/model-gguf/resolve/abc123/tiny.gguf ")
    assert heard[0].header("range") == ""


async def test_a_cut_connection_is_taken_up_where_it_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as each brings more; no byte comes twice."""
    starts: list[int] = []

    async def answer(connection: Connection) -> None:
        start = asked_from(connection)
        starts.append(start)
        await send_from(connection, start, start + 4000 if start < 8000 else None)

    await fetch(answer, tmp_path / "w", monkeypatch)
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert starts == [0, 4000, 8000]


async def test_what_an_earlier_start_left_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash, too."""
    with Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[:1000])
    starts: list[int] = []

    async def answer(connection: Connection) -> None:
        starts.append(asked_from(connection))
        await send_from(connection, starts[-1])

    await fetch(answer, tmp_path / "w", monkeypatch)
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert starts == [1000]


async def test_a_server_without_ranges_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it sends is not joined to what was there."""
    with Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[:1000])

    async def answer(connection: Connection) -> None:
        await connection.send(head("200 OK", len(CONTENT)), CONTENT)

    await fetch(answer, tmp_path / "w", monkeypatch)
    assert (tmp_path / "w").read_bytes() == CONTENT


async def test_a_connection_that_brings_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other places hold the same bytes. What came before is kept for them."""

    async def answer(connection: Connection) -> None:
        start = asked_from(connection)
        await send_from(connection, start, start if start else 500)

    with pytest.raises(Broken):
        await fetch(answer, tmp_path / "w", monkeypatch)
    assert (tmp_path / "w.part").read_bytes() == CONTENT[:500]


async def test_an_answer_that_is_too_short_is_no_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it ends as it should."""

    async def answer(connection: Connection) -> None:
        if asked_from(connection):
            await connection.send(head("206 Partial Content", 0, "content-range: bytes 300-"))
        else:
            await connection.send(head("200 OK", 300), CONTENT[:300])

    with pytest.raises(Broken, match="closed the connection after 300 bytes"):
        await fetch(answer, tmp_path / "w", monkeypatch)


async def test_wrong_bytes_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash tells, at the end; too many bytes tell before it."""

    async def answer(connection: Connection) -> None:
        await connection.send(head("200 OK", len(CONTENT)), bytes(len(CONTENT)))

    async def too_many(connection: Connection) -> None:
        await connection.send(head("200 OK", len(CONTENT) + 1), CONTENT, b"!")

    for wrong in (answer, too_many):
        with pytest.raises(BrokenWeights):
            await fetch(wrong, tmp_path / "w", monkeypatch)
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "500 Internal Server Error"])
async def test_a_hub_without_the_file_says_so(status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address and the status."""

    async def answer(connection: Connection) -> None:
        body = to_json({"error": "x"})
        await connection.send(head(status, len(body)), body)

    with pytest.raises(Refused, match=rf"resolve/abc123/tiny\.gguf answered {status[:3]}"):
        await fetch(answer, tmp_path / "w", monkeypatch)


@pytest.mark.parametrize("hops", [1, 4])
async def test_redirects_are_followed_with_the_range(
    hops: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub sends all to another host that holds the bytes; the address may be relative."""
    with Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[:1000])
    paths: list[bytes] = []

    async def answer(connection: Connection) -> None:
        paths.append(connection.head.split()[1])
        assert asked_from(connection) == 1000
        if len(paths) <= hops:
            await connection.send(head("302 Found", 0, f"location: /elsewhere/{len(paths)}"))
        else:
            await send_from(connection, 1000)

    await fetch(answer, tmp_path / "w", monkeypatch)
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert paths[1:] == [f"/elsewhere/{hop}".encode() for hop in range(1, hops + 1)]


async def test_redirects_come_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A circle is left."""

    async def answer(connection: Connection) -> None:
        await connection.send(head("302 Found", 0, "location: /again"))

    with pytest.raises(Refused, match="5 redirects"):
        await fetch(answer, tmp_path / "w", monkeypatch)


async def test_a_redirect_to_a_place_without_tls_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever listens on the way should not learn what is fetched."""
    transport = Canned((302, {"location": "http://elsewhere.example/tiny.gguf"}, []))

    def connect(_: Timeouts) -> Canned:
        return transport

    monkeypatch.setattr(hub, "HttpxTransport", connect)
    with pytest.raises(Refused, match="without TLS"), Partial(tmp_path / "w", row()) as partial:
        await hub.fetch(PLACE, partial, print)
    assert [request.url for request in transport.requests] == [hub.address_of(PLACE)]
    assert transport.closed == 1


async def test_a_silent_hub_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time-outs are short, as other places hold the bytes too."""
    monkeypatch.setattr(hub, "TIMEOUTS", Timeouts(connect_s=0.1, first_byte_s=0.1, idle_s=0.1))

    async def answer(connection: Connection) -> None:
        await connection.wait_gone()

    with pytest.raises(BackendError, match="did not begin to answer"):
        await fetch(answer, tmp_path / "w", monkeypatch)


def test_the_time_outs_are_short() -> None:
    """Three seconds to connect."""
    assert hub.TIMEOUTS.connect_s == 3.0
