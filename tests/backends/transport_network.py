"""What every transport must hold of the way to a server: addresses, proxies, TLS, and secrets that stay secret."""

import socket
from contextlib import aclosing

import pytest

from loopbus.backends.errors import Broken, NotConfigured
from loopbus.backends.transport import HttpRequest, Timeouts

from .servers import Connection, serving
from .transport_case import TransportCase, answer_ok, read


class NetworkContract(TransportCase):
    """The suite."""

    async def test_a_refused_connection_says_where(self) -> None:
        """Nobody listens: the error names the address and asks whether it is running."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        async with aclosing(self.transport()) as transport:
            with pytest.raises(Broken, match=f"could not connect to http://127.0.0.1:{port}/v1 .*is it running"):
                await read(transport, f"http://127.0.0.1:{port}/v1?key=secret")

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:port/", "nonsense"])
    async def test_an_address_that_is_none_is_a_matter_of_configuration(self, url: str) -> None:
        """What cannot be an address is told apart from a server that is down."""
        async with aclosing(self.transport()) as transport:
            with pytest.raises(NotConfigured):
                await read(transport, url)

    @pytest.mark.parametrize("value", ["sk-secret\n", "Bearer sk-secret\r\nx: y", "Bearer sk-sécret", " sk-secret"])
    async def test_a_header_that_http_cannot_carry_is_refused_without_quoting_it(self, value: str) -> None:
        """The header is named; its value, which may be a key, appears nowhere in the error or its causes."""
        async with aclosing(self.transport()) as transport:
            with pytest.raises(NotConfigured, match="authorization") as caught:
                await read(transport, "http://127.0.0.1:1/", headers={"authorization": value})
        assert "cret" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    async def test_a_proxy_that_refuses_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proxy variables are honoured, and an error on that way points to them."""

        async def answer(connection: Connection) -> None:
            await connection.send(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")

        async with serving(answer) as server, aclosing(self.transport()) as transport:
            monkeypatch.setenv("HTTPS_PROXY", server.url)
            with pytest.raises(Broken, match=r"proxy .*HTTPS_PROXY"):
                await read(transport, "https://models.example/v1")

    async def test_the_proxy_variables_can_be_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """``trust_env=False`` reaches a server of one's own machine whatever the variables say."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        async with serving(answer_ok) as server, aclosing(self.transport(trust_env=False)) as transport:
            assert await read(transport, server.url) == b"one two three"

    async def test_a_failed_handshake_is_broken(self) -> None:
        """TLS to a server that speaks none raises our error."""
        async with serving(answer_ok) as server, aclosing(self.transport(Timeouts(connect_s=0.05))) as transport:
            with pytest.raises(Broken, match="could not connect"):
                await read(transport, server.url.replace("http:", "https:"))
