"""The models that can be asked for by name: a name, made into a backend."""

import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic import SecretStr

from .auth import Auth, KeyAuth, NoAuth
from .contract import Backend
from .errors import NotConfigured
from .hosted import Hosted
from .local.backend import LocalModel
from .provider import Place, Provider
from .providers import ALIASES, ANY_ADDRESS, PROVIDERS
from .transport import Transport

FACTORIES: Mapping[str, Callable[[str], Backend]] = {"local": LocalModel}
"""Backends that are no provider at an address: each makes one from what follows its name and a colon."""


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
    if "://" in model:
        address, _, name = model.partition("#")
        provider, row, written = _host(address), ANY_ADDRESS, f"{address}#MODEL"
    else:
        provider, _, name = model.partition(":")
        if provider in FACTORIES:
            return FACTORIES[provider](name)
        provider = ALIASES.get(provider, provider)
        if provider not in PROVIDERS:
            raise NotConfigured(_unknown(model, provider))
        address, row, written = base_url, PROVIDERS[provider], f"{provider}:MODEL"
    if not name:
        raise NotConfigured(f"no model is named: write {written}")
    places = {place: _look_up(where) for place, where in row.places.items()}
    return Hosted(
        row.wire,
        address or os.environ.get(row.url_variable) or _address(provider, row, places),
        name,
        _auth(model, provider, row, places, api_key),
        provider=provider,
        headers={**_known(row.headers), **(headers or {})},
        query=_known(row.query),
        capabilities=row.capabilities,
        transport=transport,
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        # The backend itself says what is wrong with it.
        return ""


def _address(provider: str, row: Provider, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        if not value:
            variables = " or ".join(row.places[name].variables)
            raise NotConfigured(f"{provider} needs to know its {name}: set {variables}", provider=provider)
    return row.base_url.format_map(places)


def _auth(model: str, provider: str, row: Provider, places: Mapping[str, str], api_key: SecretStr | str | None) -> Auth:
    for key in row.keys:
        if found := api_key or _look_up(Place((key.variable,))):
            return KeyAuth(found, header=key.header, scheme=key.scheme, variable=key.variable)
    if row.signer is not None:
        return row.signer(places)
    if row.needs_key:
        variables = " or ".join(key.variable for key in row.keys)
        raise NotConfigured(
            f"{provider} needs a key: set {variables}, or give the agent resolve({model!r}, api_key=...)",
            provider=provider,
        )
    return NoAuth(row.key_variable)


def _look_up(place: Place) -> str:
    found = (os.environ.get(variable, "").strip() for variable in place.variables)
    value = next(filter(None, found), place.default)
    return place.write(value) if value else ""


def _known(places: Mapping[str, Place]) -> dict[str, str]:
    found = ((name, _look_up(place)) for name, place in places.items())
    return {name: value for name, value in found if value}


def _unknown(model: str, provider: str) -> str:
    names = [*FACTORIES, *PROVIDERS]
    nearest = get_close_matches(provider, [*names, *ALIASES], 1, cutoff=0.7)
    hint = f"; did you mean {nearest[0] + model[len(provider) :]!r}? Write" if nearest else ": write"
    return (
        f"no model is called {model!r}{hint} PROVIDER:MODEL, or http://HOST/v1#MODEL for any OpenAI-compatible "
        f"server. The providers are {', '.join(names)}"
    )
