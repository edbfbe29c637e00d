"""What every transport must hold of the way to a server: addresses, proxies, TLS, and secrets that stay secret."""

import socket
import ssl
import traceback
from contextlib import ExitStack, aclosing

import pytest
import trustme

from loopbus.backends import http, http_aiohttp
from loopbus.backends.errors import Broken, NotConfigured
from loopbus.backends.transport import Timeouts

from .servers import Connection, serving
from .transport_case import SHORT, TransportCase, answer_ok, read

SECRET = "2retnuh"[::-1]
"""Written backwards, for a traceback quotes the source."""


def tls_server(authority: trustme.CA) -> ssl.SSLContext:
    """What a server needs to be believed on loopback by whoever believes ``authority``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as file:
        context.load_cert_chain(file)
    return context


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

    async def test_a_certificate_that_nobody_vouches_for_is_refused(self) -> None:
        """Before anything is sent; the error says that it is the certificate."""
        async with serving(answer_ok, tls=tls_server(trustme.CA())) as server, aclosing(self.transport()) as transport:
            with pytest.raises(Broken, match=r"could not connect to https://127.*CERTIFICATE_VERIFY_FAILED"):
                await read(transport, server.url, headers={"authorization": "Bearer secret"})
            assert server.asked == 0

    async def test_a_certificate_that_is_vouched_for_is_accepted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same exchange, encrypted."""
        authority, trusting = trustme.CA(), ssl.create_default_context()
        trusting.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
        for module in (http, http_aiohttp):
            monkeypatch.setattr(module, "ssl_context", lambda: trusting)
        async with serving(answer_ok, tls=tls_server(authority)) as server, aclosing(self.transport()) as transport:
            assert await read(transport, server.url) == b"one two three"

    async def test_a_proxy_is_asked_in_the_servers_stead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For http:// it gets the whole address, with the credentials that its own address holds."""
        heard: list[tuple[bytes, str]] = []

        async def answer(connection: Connection) -> None:
            heard.append((connection.head.split(b" ")[1], connection.header("proxy-authorization")))
            await answer_ok(connection)

        async with serving(answer) as proxy, aclosing(self.transport()) as transport:
            monkeypatch.setenv("ALL_PROXY", proxy.url.replace("//", "//user:pass@"))
            assert await read(transport, "http://models.example/v1") == b"one two three"
        assert heard == [(b"http://models.example/v1", "Basic dXNlcjpwYXNz")]

    async def test_no_proxy_lists_who_is_asked_directly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Most often a server of one's own."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "models.example,127.0.0.1")
        async with serving(answer_ok) as server, aclosing(self.transport()) as transport:
            assert await read(transport, server.url) == b"one two three"

    async def test_a_proxy_that_cannot_be_spoken_to_is_a_matter_of_configuration(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error names its kind, and not the password in its address."""
        monkeypatch.setenv("ALL_PROXY", f"gopher://user:{SECRET}@127.0.0.1:70")
        async with aclosing(self.transport()) as transport:
            with pytest.raises(NotConfigured, match=r"gopher:// proxy") as caught:
                await read(transport, "http://models.example/v1")
        assert SECRET not in "".join(traceback.format_exception(caught.value))

    async def test_no_error_holds_a_secret_of_an_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither the key in a query nor a password, not even in what caused the error."""

        async def answer(connection: Connection) -> None:
            await connection.send(b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n")

        async with serving(answer) as proxy, aclosing(self.transport(SHORT)) as transport:
            for variable in ("HTTPS_PROXY", "NO_PROXY"):
                # First the proxy refuses; then nobody listens.
                monkeypatch.setenv(
                    variable, proxy.url.replace("//", f"//user:{SECRET}@") if variable[0] == "H" else "*"
                )
                with pytest.raises(Broken) as caught:
                    await read(transport, f"https://user:{SECRET}@127.0.0.1:1/v1?key={SECRET}")
                assert SECRET not in "".join(traceback.format_exception(caught.value))
                await transport.aclose()

    async def test_a_server_that_does_not_take_the_connection_ends_in_a_time_out(self) -> None:
        """``connect_s`` is a limit of its own: who does not answer the door in seconds will not answer at all."""
        with ExitStack() as sockets:
            full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(2):
                waiting = sockets.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            async with aclosing(self.transport(Timeouts(connect_s=0.05))) as transport:
                with pytest.raises(Broken, match=r"could not connect to .* in time"):
                    await read(transport, f"http://127.0.0.1:{full.getsockname()[1]}/")
