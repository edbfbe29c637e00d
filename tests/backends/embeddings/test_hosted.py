"""Many texts over HTTP: batches side by side, in order; failures that say which text, and nothing left open."""

import logging
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from loopbus.backends.auth import KeyAuth
from loopbus.backends.embeddings import BadText, Embedder, HostedEmbedder, Retries, TextTooLong
from loopbus.backends.embeddings.batches import Limits
from loopbus.backends.embeddings.wire.openai import OPENAI_COMPATIBLE
from loopbus.backends.embeddings.wire.titan import TITAN_V1
from loopbus.backends.embeddings.wire.wire import EmbeddingWire
from loopbus.backends.errors import BackendError, Broken, Busy, Misunderstood, NotConfigured, Refused

from ..servers import Canned, Connection, serving
from .contract import EmbedderContract
from .servers import embedded, embedding_over_loopback, reply, vector

SMALL = replace(OPENAI_COMPATIBLE, limits=Limits(texts=3, bytes=1000))
JSON = {"content-type": "application/json"}


class TestHosted(EmbedderContract):
    """The suite, over loopback."""

    @asynccontextmanager
    async def embedding(self) -> AsyncGenerator[Embedder, None]:
        async with embedding_over_loopback() as embedder:
            yield embedder


class Clock:
    """Sleeps in no time, and says how long it should have been."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    def retries(self, attempts: int = 3) -> Retries:
        """Retries on this clock, without chance."""
        return Retries(attempts=attempts, random=lambda: 1.0, sleep=self.sleep)


def canned(
    *answers: tuple[int, Mapping[str, str], Iterable[bytes]], wire: EmbeddingWire = SMALL, attempts: int = 3
) -> tuple[HostedEmbedder, Canned, Clock]:
    """An embedder whose answers are written down, one at a time."""
    transport, clock = Canned(*answers), Clock()
    auth = KeyAuth("sk-planted-secret", variable="ACME_API_KEY")
    embedder = HostedEmbedder(
        wire, "http://x/v1", "m", auth, provider="acme", transport=transport, concurrency=1,
        retries=clock.retries(attempts), headers={"X-Team": "blue"}, query={"v": "1"},
    )  # fmt: skip
    return embedder, transport, clock


def ok(*texts: str) -> tuple[int, Mapping[str, str], Iterable[bytes]]:
    """The right answer for ``texts``."""
    return 200, JSON, [to_json(embedded(texts))]


def said(status: int, message: str, **headers: str) -> tuple[int, Mapping[str, str], Iterable[bytes]]:
    """An answer that is an error."""
    return status, {**JSON, **headers}, [to_json({"error": {"message": message}})]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1).filter(lambda text: not text.isspace()), max_size=20), st.integers(1, 5))
async def test_order_is_kept_whatever_comes_back_first(texts: list[str], concurrency: int) -> None:
    """A vector stands where its text stood, for any texts and any number of requests at once."""

    class Reversed(Canned):
        """Answers the later requests first."""

        def open(self, request: Any) -> Any:
            @asynccontextmanager
            async def answer() -> AsyncGenerator[Any, None]:
                for _ in range(20 - len(self.requests)):
                    await anyio.lowlevel.checkpoint()
                asked = from_json(request.body)["input"]
                async with Canned(ok(*asked)).open(request) as reply:
                    yield reply

            self.requests.append(request)
            return answer()

    embedder = HostedEmbedder(SMALL, "http://x", "m", provider="acme", transport=Reversed(), concurrency=concurrency)
    found = await embedder.embed(texts)
    # What UTF-8 cannot hold is sent as a question mark.
    sent = [text.encode(errors="replace").decode() for text in texts]
    assert [list(one) for one in found.vectors] == [vector(text) for text in sent]


async def test_so_many_requests_are_open_at_once_and_no_more() -> None:
    """``concurrency`` is a bound, and it is used."""
    open_at_once: list[int] = []
    full = anyio.Event()

    async def answer(connection: Connection) -> None:
        open_at_once.append(server.busy)
        if server.busy == 3:
            full.set()
        await full.wait()
        await reply(connection, embedded(connection.json["input"]))

    async with serving(answer) as server:
        embedder = HostedEmbedder(SMALL, server.url, "m", provider="acme", concurrency=3)
        with anyio.fail_after(5):
            await embedder.embed([f"text {number}" for number in range(60)])
        await embedder.aclose()
    assert max(open_at_once) == 3
    assert len(open_at_once) == 20


async def test_what_is_sent_is_signed_and_goes_to_the_models_address() -> None:
    """With the headers and the query that were given."""
    embedder, transport, _ = canned(ok("a"))
    await embedder.embed(["a"], dimensions=8)
    (request,) = transport.requests
    assert request.url == "http://x/v1/embeddings?v=1"
    assert request.headers["authorization"] == "Bearer sk-planted-secret"
    assert request.headers["x-team"] == "blue"
    assert from_json(request.body) == {"model": "m", "input": ["a"], "dimensions": 8}
    await embedder.aclose()
    assert transport.closed == 1


async def test_a_request_that_is_too_big_is_halved() -> None:
    """Every server has limits of its own; what is answered is kept, and nothing is sent that was answered."""
    embedder, transport, _ = canned(said(413, "too many texts"), ok("a"), said(422, "no"), ok("b"), ok("c"))
    found = await embedder.embed(["a", "b", "c"])
    assert [list(one) for one in found.vectors] == [vector(text) for text in "abc"]
    assert [from_json(request.body)["input"] for request in transport.requests] == [
        ["a", "b", "c"], ["a"], ["b", "c"], ["b"], ["c"],
    ]  # fmt: skip


async def test_the_text_that_is_refused_is_named_by_its_index() -> None:
    """With the provider's own words, its status, and what the text was."""
    embedder, _, _ = canned(ok("a", "b", "c"), said(400, "bad"), ok("d"), said(400, "no nonsense, please"))
    with pytest.raises(BadText, match=r"texts\[4\]: acme answered 400: no nonsense, please") as caught:
        await embedder.embed(list("abcde"))
    error = caught.value
    assert (error.index, error.status, error.provider) == (4, 400, "acme")
    assert not isinstance(error, TextTooLong)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_is_wrong_with_every_text_is_asked_once(status: int) -> None:
    """A bad key or model is no fault of a text. The key is named by its variable and not told."""
    embedder, transport, _ = canned(said(status, "sk-planted-secret is wrong"))
    with pytest.raises(Refused) as caught:
        await embedder.embed(["a", "b"])
    assert not isinstance(caught.value, BadText)
    assert len(transport.requests) == 1
    assert "planted" not in str(caught.value)


async def test_what_fails_for_now_is_sent_again_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """Only the batch that failed, after the wait that the provider asks for, or one that grows."""
    embedder, transport, clock = canned(
        ok("a", "b", "c"), said(429, "slow down", **{"retry-after": "7"}), said(500, "oops"), ok("d")
    )
    with caplog.at_level(logging.WARNING, "loopbus.backends.embeddings.hosted"):
        assert len((await embedder.embed(list("abcd"))).vectors) == 4
    assert clock.slept == [7, 1.0]
    assert [from_json(request.body)["input"] for request in transport.requests[1:]] == [["d"]] * 3
    assert caplog.messages[0].startswith("asking acme:m again in 7.0 s (texts: 1): acme answered 429")


async def test_patience_ends() -> None:
    """After the last attempt the error is the provider's."""
    embedder, transport, clock = canned(*[said(503, "busy")] * 2, attempts=2)
    with pytest.raises(Busy, match="busy"):
        await embedder.embed(["a"])
    assert (len(transport.requests), clock.slept) == (2, [0.5])


async def test_an_error_told_with_status_200_is_an_error() -> None:
    """Some gateways do that."""
    embedder, _, _ = canned(said(200, "the upstream failed"), attempts=1)
    with pytest.raises(Broken, match="the upstream failed"):
        await embedder.embed(["a"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"data": 1}',
        b'{"data": [{"embedding": ["x"]}]}',
        b'{"data": []}',
        b'{"data": [1]}',
    ],
)
async def test_what_is_no_answer_is_misunderstood(body: bytes) -> None:
    """With what came, and who sent it."""
    embedder, _, _ = canned((200, JSON, [body]), attempts=1)
    with pytest.raises(Misunderstood) as caught:
        await embedder.embed(["a"])
    assert caught.value.provider == "acme"


@settings(max_examples=200, deadline=None)
@given(st.binary() | st.recursive(st.none() | st.floats() | st.text() | st.integers(), st.lists).map(to_json))
async def test_any_bytes_give_our_error(body: bytes) -> None:
    """Nothing but a vector for each text is taken for an answer."""
    embedder, _, _ = canned((200, JSON, [body]), attempts=1)
    with pytest.raises(BackendError):
        await embedder.embed(["a"])


async def test_what_a_wire_cannot_say_is_refused_before_it_is_sent() -> None:
    """Vectors are not cut to size, and texts are not truncated, behind anyone's back."""
    embedder, transport, _ = canned(wire=TITAN_V1)
    with pytest.raises(Refused, match="leave dimensions out"):
        await embedder.embed(["a"], dimensions=2)
    with pytest.raises(Refused, match="acme does not truncate"):
        await embedder.embed(["a"], truncate=True)
    assert not transport.requests


def test_an_address_that_is_none_is_refused_at_once() -> None:
    """Before the first text."""
    with pytest.raises(NotConfigured, match="is no address"):
        HostedEmbedder(SMALL, "localhost", "m", provider="acme")


def test_a_key_is_not_in_its_repr() -> None:
    """Only the model's name is."""
    assert repr(canned()[0]) == "HostedEmbedder('acme:m')"


async def test_the_first_failure_stops_the_rest() -> None:
    """Nothing more is sent, and what is under way is closed."""
    asked = 0

    async def answer(connection: Connection) -> None:
        nonlocal asked
        asked += 1
        if connection.json["input"][0] == "text 3":
            await reply(connection, {}, status=401)
        else:
            await connection.wait_gone()

    async with serving(answer) as server:
        embedder = HostedEmbedder(SMALL, server.url, "m", provider="acme", concurrency=2)
        with anyio.fail_after(5), pytest.raises(Refused):
            await embedder.embed([f"text {number}" for number in range(60)])
        await server.wait_idle()
        await embedder.aclose()
    assert asked == 2


async def test_cancelling_closes_what_is_under_way() -> None:
    """Every request of every batch, and the embedder can be used again."""
    slow = True

    async def answer(connection: Connection) -> None:
        if slow:
            if server.busy == 4:
                all_asked.set()
            await connection.wait_gone()
        await reply(connection, embedded(connection.json["input"]))

    all_asked = anyio.Event()
    async with serving(answer) as server:
        embedder = HostedEmbedder(SMALL, server.url, "m", provider="acme")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(embedder.embed, [f"text {number}" for number in range(60)])
            with anyio.fail_after(5):
                await all_asked.wait()
            tasks.cancel_scope.cancel()
        await server.wait_open(0)
        slow = False
        assert len((await embedder.embed(["a"])).vectors) == 1
        await embedder.aclose()
