"""What every transport must hold of one exchange: what is sent, what comes, how long it takes, how it breaks."""

import gzip
from contextlib import aclosing

import anyio
import pytest

from loopbus.backends.errors import Broken, Misunderstood
from loopbus.backends.transport import HttpRequest, Timeouts

from .servers import END, HEAD, Connection, chunked, serving
from .transport_case import SHORT, TransportCase, answer_endlessly, answer_ok, read


class ExchangeContract(TransportCase):
    """The suite."""

    async def test_a_body_arrives_whole_and_its_connection_is_used_again(self) -> None:
        """Status, headers in lower case, and the body come through; a body read to its end frees the connection."""
        async with serving(answer_ok) as server, aclosing(self.transport()) as transport:
            for _ in range(3):
                async with transport.open(HttpRequest(server.url)) as reply:
                    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
                    assert await reply.read(100) == b"one two three"
            assert (server.asked, server.opened) == (3, 1)

    async def test_method_headers_and_body_are_sent(self) -> None:
        """The request goes out as it was given."""
        heard: list[tuple[bytes, str, bytes]] = []

        async def answer(connection: Connection) -> None:
            heard.append((connection.head.split(b" ")[0], connection.header("x-test"), connection.body))
            await answer_ok(connection)

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            await read(transport, server.url, method="PUT", headers={"x-test": "yes"}, body=b"{}")
        assert heard == [(b"PUT", "yes", b"{}")]

    async def test_a_compressed_body_is_decompressed(self) -> None:
        """A server that compresses although nobody asked is understood."""
        body = gzip.compress(b"squeezed")

        async def answer(connection: Connection) -> None:
            length = f"content-length: {len(body)}\r\n".encode()
            await connection.send(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n" + length + b"\r\n" + body)

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            assert await read(transport, server.url) == b"squeezed"

    async def test_what_does_not_decompress_is_misunderstood(self) -> None:
        """A body that claims to be gzip and is not raises our error."""

        async def answer(connection: Connection) -> None:
            await connection.send(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope")

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            with pytest.raises(Misunderstood, match="does not decompress"):
                await read(transport, server.url)

    async def test_a_redirect_is_not_followed(self) -> None:
        """The answer itself is given out, so no header, and no key, goes to another address."""

        async def answer(connection: Connection) -> None:
            await connection.send(
                b"HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
            )

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            async with transport.open(HttpRequest(server.url, headers={"authorization": "Bearer secret"})) as reply:
                assert reply.status == 307
            assert server.asked == 1

    async def test_silence_before_the_first_byte_ends_in_a_time_out(self) -> None:
        """A server that never answers is given up after ``first_byte_s``, and the error says so."""

        async def answer(connection: Connection) -> None:
            await connection.wait_gone()

        async with serving(answer) as server, aclosing(self.transport(SHORT)) as transport:
            with pytest.raises(Broken, match=r"did not begin to answer within 0\.05 s .*first_byte_s"):
                await read(transport, server.url)
            await server.wait_open(0)

    async def test_the_first_byte_is_one_of_the_body(self) -> None:
        """A head alone, as servers send it before they think, does not start the shorter ``idle_s``."""
        thought = anyio.Event()

        async def answer(connection: Connection) -> None:
            await connection.send(HEAD)
            await thought.wait()
            await connection.send(chunked(b"late"), END)

        transport = self.transport(Timeouts(idle_s=0.01))
        async with serving(answer) as server, aclosing(transport), transport.open(HttpRequest(server.url)) as reply:
            await anyio.sleep(0.03)
            thought.set()
            assert await reply.read(100) == b"late"

    async def test_a_stall_in_the_middle_ends_in_a_time_out(self) -> None:
        """A server that falls silent is given up after ``idle_s``; what came before was handed out."""
        async with serving(answer_endlessly) as server, aclosing(self.transport(SHORT)) as transport:
            async with transport.open(HttpRequest(server.url)) as reply:
                assert await anext(reply.chunks) == b"one"
                with pytest.raises(Broken, match=r"sent nothing more for 0\.05 s .*idle_s"):
                    await anext(reply.chunks)
            await server.wait_open(0)

    async def test_an_exchange_that_never_ends_is_given_up(self) -> None:
        """``total_s`` bounds the whole exchange, however steadily its bytes drip."""

        async def answer(connection: Connection) -> None:
            await connection.send(HEAD)
            while True:
                await connection.send(chunked(b"drip"))
                await anyio.sleep(0.005)

        limits = Timeouts(total_s=0.05)
        async with serving(answer) as server, aclosing(self.transport(limits)) as transport:
            with pytest.raises(Broken, match=r"was not done after 0\.05 s .*total_s"):
                await read(transport, server.url)

    async def test_a_reader_may_take_its_time(self) -> None:
        """The limits bound how long we wait for the server, never how long our reader takes between chunks."""
        transport = self.transport(Timeouts(idle_s=0.01))
        async with serving(answer_ok) as server, aclosing(transport), transport.open(HttpRequest(server.url)) as reply:
            async for _ in reply.chunks:
                await anyio.sleep(0.02)

    async def test_a_connection_cut_in_the_middle_is_broken(self) -> None:
        """An end without the body's own end raises, after the bytes that came."""

        async def answer(connection: Connection) -> None:
            await connection.send(HEAD + chunked(b"half"))
            await connection.close()

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            with pytest.raises(Broken, match="lost the connection to http://127"):
                await read(transport, server.url)

    async def test_a_reset_connection_is_broken(self) -> None:
        """A TCP reset raises our error, not the socket's."""

        async def answer(connection: Connection) -> None:
            await connection.send(HEAD + chunked(b"half"))
            await connection.reset()

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            with pytest.raises(Broken, match="lost the connection"):
                await read(transport, server.url)

    async def test_a_server_that_speaks_no_http_is_broken(self) -> None:
        """Bytes that are no HTTP raise our error."""

        async def answer(connection: Connection) -> None:
            await connection.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            with pytest.raises(Broken):
                await read(transport, server.url)

    async def test_nothing_is_remembered_from_one_exchange_for_the_next(self) -> None:
        """A cookie that a server sets is not sent back: exchanges of different people share a transport."""
        cookies: list[str] = []

        async def answer(connection: Connection) -> None:
            cookies.append(connection.header("cookie"))
            await connection.send(HEAD.replace(b"\r\n\r\n", b"\r\nset-cookie: user=alice; path=/\r\n\r\n"), END)

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            await read(transport, server.url)
            await read(transport, server.url)
        assert cookies == ["", ""]

    async def test_an_address_is_asked_for_exactly_as_it_is_written(self) -> None:
        """What is escaped stays escaped, for a signature is over that; what must be escaped is."""
        asked: list[bytes] = []

        async def answer(connection: Connection) -> None:
            asked.append(connection.head.split(b" ")[1])
            await answer_ok(connection)

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            await read(transport, f"{server.url}/model/a%3A0%2Fb:c/t\u00e9?alt=sse&q=%2B+x")
        assert asked == [b"/model/a%3A0%2Fb:c/t%C3%A9?alt=sse&q=%2B+x"]

    async def test_a_user_in_the_address_signs_in(self) -> None:
        """As browsers do it: basic authentication, with the escapes undone."""
        heard: list[str] = []

        async def answer(connection: Connection) -> None:
            heard.append(connection.header("authorization"))
            await answer_ok(connection)

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            await read(transport, server.url.replace("//", "//al%40ice:se%3Acret@"))
        assert heard == ["Basic YWxAaWNlOnNlOmNyZXQ="]

    async def test_headers_may_be_long(self) -> None:
        """Gateways add policies of several kilobytes."""
        policy = b"p" * 30_000

        async def answer(connection: Connection) -> None:
            await connection.send(HEAD.replace(b"\r\n\r\n", b"\r\nx-policy: " + policy + b"\r\n\r\n"), END)

        transport = self.transport()
        async with serving(answer) as server, aclosing(transport), transport.open(HttpRequest(server.url)) as reply:
            assert reply.headers["x-policy"] == policy.decode()

    async def test_a_request_without_a_body_has_none(self) -> None:
        """A list of models is asked for by GET, with neither a body nor a word about one."""
        heads: list[bytes] = []

        async def answer(connection: Connection) -> None:
            heads.append(connection.head.lower())
            await answer_ok(connection)

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            await read(transport, server.url, method="GET")
        assert b"content-length" not in heads[0]
        assert b"content-type" not in heads[0]
