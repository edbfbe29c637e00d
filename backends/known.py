"""The models that can be asked for by name: a name, made into a backend."""

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from . import local
from .contract import Backend
from .directory import Directory, at_colon
from .hosted import Hosted
from .provider import Provider
from .providers import ALIASES, ANY_ADDRESS, PROVIDERS
from .site import find_site
from .transport import Transport

FACTORIES: Mapping[str, Callable[[str], Backend]] = {"local": lambda name: local.LocalModel(name)}
"""Backends that are no provider at an address: each makes one from what follows its name and a colon."""

MODELS: Directory[Provider] = Directory(
    rows=PROVIDERS,
    any_address=ANY_ADDRESS,
    aliases=ALIASES,
    others=FACTORIES,
    noun="model",
    servers="OpenAI-compatible server",
)


def resolve(
    model: str,
    *,
    api_key: SecretStr | str | None = None,
    base_url: str | None = None,
    headers: Mapping[str, str] | None = None,
    transport: Transport | None = None,
) -> Backend:
    """The backend for a model's name.

    A name is ``local`` or ``local:model`` for a model on this machine's CPU, ``provider:model`` for a row of the
    table, or ``http://host:8000/v1#model`` for any OpenAI-compatible server. The key is ``api_key`` or else the
    provider's environment variable; a server given by its address gets the one in ``LOOPBUS_API_KEY``, if that is set.
    ``base_url`` and ``headers`` send a provider's wire through a gateway.

    :raises NotConfigured: no such provider, no model in the name, no key, or an address with a part that is not known;
        says what to write or to set.
    """
    begin, rest = at_colon(model)
    if begin in FACTORIES:
        return FACTORIES[begin](rest)
    named = MODELS.find(model)
    site = find_site(
        named.provider,
        named.row,
        api_key=api_key,
        base_url=named.base_url or base_url,
        hint=f"give the agent resolve({model!r}, api_key=...)",
    )
    return Hosted(
        named.row.wire,
        site.base_url,
        named.model,
        site.auth,
        provider=named.provider,
        headers={**site.headers, **(headers or {})},
        query=site.query,
        capabilities=named.row.capabilities,
        transport=transport,
    )
