"""A model behind OpenAI Chat Completions, at OpenAI or at anyone who speaks it too."""

from collections.abc import AsyncGenerator, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from .contract import Capabilities, Delta, Request
from .errors import NotConfigured
from .exchange import exchange
from .http import HttpxTransport
from .transport import HttpRequest, Transport
from .wire.failure import Account
from .wire.objects import write_object
from .wire.openai_chat import ChatReader
from .wire.openai_chat_request import CHAT, Dialect, encode
from .wire.sse import SseReader

DEFAULT_CAPABILITIES = Capabilities(images=True, audio=True, files=True)


class OpenAICompatible:
    """A ``Backend`` for one model at ``base_url``, such as ``http://127.0.0.1:8000/v1``.

    ``api_key`` goes into the ``Authorization`` header and nowhere else; ``key_variable`` is what errors call it.
    ``headers`` are sent beside it, for gateways. ``transport`` carries the requests; the backend closes it.

    :raises NotConfigured: ``base_url`` is no http:// or https:// address.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: SecretStr | str | None = None,
        *,
        provider: str = "openai-compatible",
        key_variable: str = "",
        headers: Mapping[str, str] | None = None,
        dialect: Dialect = CHAT,
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
        transport: Transport | None = None,
    ) -> None:
        key = SecretStr(api_key.strip()) if isinstance(api_key, str) else api_key
        self._account = Account(provider, key, key_variable)
        self._url = f"{_checked(base_url)}/chat/completions"
        self._model = model
        self._headers = dict(headers or {})
        self._dialect = dialect
        self._capabilities = capabilities
        self._transport = transport or HttpxTransport()

    def __repr__(self) -> str:
        return f"OpenAICompatible({self.model!r})"

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
        body = encode(request, self._model, provider=self._account.provider, dialect=self._dialect)
        return exchange(
            self._transport,
            HttpRequest(self._url, headers=self._all_headers(request.streaming), body=write_object(body)),
            self._account,
            SseReader(),
            ChatReader(self._account),
            streaming=request.streaming,
        )

    async def aclose(self) -> None:
        """See ``Backend.aclose``."""
        await self._transport.aclose()

    def _all_headers(self, streaming: bool) -> Mapping[str, str]:
        headers = {"content-type": "application/json", "user-agent": "loopbus"}
        if streaming:
            # A compressed stream arrives in lumps, if at all before its end.
            headers |= {"accept": "text/event-stream", "accept-encoding": "identity"}
        if self._account.key is not None:
            headers["authorization"] = f"Bearer {self._account.key.get_secret_value()}"
        return headers | self._headers


def _checked(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise NotConfigured(f"the base URL {base_url!r} is no address such as http://127.0.0.1:8000/v1")
    return base_url.rstrip("/").removesuffix("/chat/completions")
