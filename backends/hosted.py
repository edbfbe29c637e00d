"""A model at a provider's address, spoken to over any wire."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

from .address import url_of
from .auth import Auth, NoAuth
from .contract import Capabilities, Delta, Request
from .exchange import exchange
from .transport import HttpRequest, Transport
from .transports import default_transport
from .wire.account import Account
from .wire.objects import write_object
from .wire.wire import Wire

DEFAULT_CAPABILITIES = Capabilities(images=True, audio=True, files=True)


class Hosted:
    """A ``Backend`` for one model at ``base_url``, over ``wire``.

    ``auth`` signs each request. ``headers`` are sent beside its own and go before them, for gateways; ``query`` is
    appended to every address, beside what ``base_url`` itself has behind a question mark. ``transport`` carries the
    requests; the backend closes it.

    :raises NotConfigured: ``base_url`` is no http:// or https:// address.
    """

    def __init__(
        self,
        wire: Wire,
        base_url: str,
        model: str,
        auth: Auth | None = None,
        *,
        provider: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
        transport: Transport | None = None,
    ) -> None:
        self._wire = wire
        self._model = model
        self._auth = auth or NoAuth()
        self._account = Account(provider, key_variable=self._auth.variable, secrets=self._auth.secrets)
        self._urls = {
            streaming: url_of(base_url, wire.path(model, streaming), query or {}) for streaming in (True, False)
        }
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._capabilities = capabilities
        self._transport = transport or default_transport()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r})"

    @property
    def model(self) -> str:
        """Provider and model, such as ``openai:gpt-5.2``."""
        return f"{self._account.provider}:{self._model}"

    @property
    def capabilities(self) -> Capabilities:
        """See ``Backend``."""
        return self._capabilities

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """See ``Backend.stream``.

        :raises Refused: at once, if a message holds a block that the wire cannot carry.
        """
        wire, account, streaming = self._wire, self._account, request.streaming
        headers = {"content-type": "application/json", "user-agent": "loopbus"}
        if streaming:
            # A compressed stream arrives in lumps, if at all before its end.
            headers |= {"accept": wire.accept, "accept-encoding": "identity"}
        body = write_object(wire.encode(request, self._model, provider=account.provider))
        return exchange(
            self._transport,
            HttpRequest(self._urls[streaming], headers=headers, body=body),
            account,
            wire.frames(),
            wire.answer(account),
            streaming=streaming,
            json_streams=wire.json_streams,
            sign=self._sign,
        )

    async def aclose(self) -> None:
        """See ``Backend.aclose``."""
        await self._transport.aclose()

    async def _sign(self, request: HttpRequest) -> HttpRequest:
        return replace(request, headers={**request.headers, **await self._auth.headers(request), **self._headers})
