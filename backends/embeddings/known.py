"""The embedders that can be asked for by name."""

from collections.abc import Mapping
from difflib import get_close_matches

from pydantic import SecretStr

from ..errors import NotConfigured
from ..providers import ALIASES
from ..site import find_site, host_of
from ..transport import Transport
from ..wire.bedrock_families import of_model
from .contract import Embedder
from .hosted import HostedEmbedder
from .local.embedder import LocalEmbedder
from .services import ANY_SERVICE, SERVICES, Service
from .wire.wire import EmbeddingWire

LOCAL = "local"


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
    if "://" in model:
        base_url, _, name = model.partition("#")
        provider, service, written = host_of(base_url), ANY_SERVICE, f"{base_url}#MODEL"
    else:
        provider, _, name = model.partition(":")
        if provider == LOCAL:
            return LocalEmbedder(name)
        provider = ALIASES.get(provider, provider)
        if provider not in SERVICES:
            raise NotConfigured(_unknown(model, provider))
        service, written = SERVICES[provider], f"{provider}:MODEL"
    if not name:
        raise NotConfigured(f"no model is named: write {written}")
    wire = _wire(provider, service, name)
    hint = f"write embedder({model!r}, api_key=...)"
    site = find_site(provider, service.provider, api_key=api_key, base_url=base_url, hint=hint)
    return HostedEmbedder(
        wire,
        site.base_url,
        name,
        site.auth,
        provider=provider,
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


def _unknown(model: str, provider: str) -> str:
    names = [LOCAL, *SERVICES]
    nearest = get_close_matches(provider, [*names, *ALIASES], 1, cutoff=0.7)
    hint = f"; did you mean {nearest[0] + model[len(provider) :]!r}? Write" if nearest else ": write"
    return (
        f"no embedder is called {model!r}{hint} PROVIDER:MODEL, or http://HOST/v1#MODEL for any server with OpenAI's "
        f"/embeddings. The providers that embed are {', '.join(names)}"
    )
