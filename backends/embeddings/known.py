"""The embedders that can be asked for by name."""

from collections.abc import Mapping

from pydantic import SecretStr

from ..directory import Directory, at_colon
from ..errors import NotConfigured
from ..providers import ALIASES
from ..site import find_site
from ..transport import Transport
from ..wire.of_model import of_model
from .contract import Embedder
from .hosted import HostedEmbedder
from .local.embedder import LocalEmbedder
from .services import ANY_SERVICE, SERVICES, Service
from .wire.wire import EmbeddingWire

LOCAL = "local"

EMBEDDERS: Directory[Service] = Directory(
    rows=SERVICES,
    any_address=ANY_SERVICE,
    aliases=ALIASES,
    others=(LOCAL,),
    noun="embedder",
    servers="server with OpenAI's /embeddings",
)


def embedder(
    model: str = LOCAL,
    *,
    api_key: SecretStr | str | None = None,
    base_url: str | None = None,
    headers: Mapping[str, str] | None = None,
    transport: Transport | None = None,
) -> Embedder:
    """The embedder for a model's name.

    A name is ``local`` for the model that runs on this machine's CPU, ``provider:model`` for a row of the table, or
    ``http://host:8000/v1#model`` for any server with OpenAI's ``/embeddings``. Keys, addresses and the other arguments
    are those of ``backends.resolve``.

    :raises NotConfigured: no such provider, none that embeds, no model in the name, no key, or an address with a part
        that is not known; says what to write or to set.
    """
    begin, rest = at_colon(model)
    if begin == LOCAL:
        return LocalEmbedder(rest)
    named = EMBEDDERS.find(model)
    wire = _wire(named.provider, named.row, named.model)
    site = find_site(
        named.provider,
        named.row.provider,
        api_key=api_key,
        base_url=named.base_url or base_url,
        hint=f"write embedder({model!r}, api_key=...)",
    )
    return HostedEmbedder(
        wire,
        site.base_url,
        named.model,
        site.auth,
        provider=named.provider,
        headers={**site.headers, **(headers or {})},
        query=site.query,
        transport=transport,
    )


def _wire(provider: str, service: Service, model: str) -> EmbeddingWire:
    found: EmbeddingWire | None = of_model(model, service.wires, None)
    if found is None:
        known = ", ".join(f"{beginning}..." for beginning in service.wires)
        raise NotConfigured(f"{provider} has no embeddings that we know under {model!r}. Known: {known}")
    return found
