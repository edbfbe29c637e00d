"""A model behind OpenAI Chat Completions, at OpenAI or at anyone who speaks it too."""

from collections.abc import Mapping

from pydantic import SecretStr

from .auth import KeyAuth, NoAuth
from .contract import Capabilities
from .hosted import DEFAULT_CAPABILITIES, Hosted
from .transport import Transport
from .wire.openai_chat import chat_wire
from .wire.openai_chat_dialects import CHAT, Dialect


class OpenAICompatible(Hosted):
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
        super().__init__(
            chat_wire(dialect),
            base_url,
            model,
            NoAuth(key_variable) if api_key is None else KeyAuth(api_key, variable=key_variable),
            provider=provider,
            headers=headers,
            capabilities=capabilities,
            transport=transport,
        )
