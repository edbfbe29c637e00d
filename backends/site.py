"""Where a provider is and how one signs in there: its row of the table, filled in from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from .auth import Auth, KeyAuth, NoAuth
from .errors import NotConfigured
from .provider import Place, Provider


@dataclass(frozen=True, slots=True)
class Site:
    """A provider's address, who signs there, and what is sent beside every request."""

    base_url: str
    auth: Auth
    headers: Mapping[str, str]
    query: Mapping[str, str]


def find_site(
    provider: str, row: Provider, *, api_key: SecretStr | str | None = None, base_url: str | None = None, hint: str
) -> Site:
    """The site of ``provider``. ``api_key`` and ``base_url`` go before what the environment says.

    :raises NotConfigured: a part of the address or the key is not known; says what to set, or to do as in ``hint``.
    """
    places = {name: _look_up(place) for name, place in row.places.items()}
    return Site(
        base_url or os.environ.get(row.url_variable) or _address(provider, row, places),
        _auth(provider, row, places, api_key, hint),
        _known(row.headers),
        _known(row.query),
    )


def _address(provider: str, row: Provider, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        if not value:
            variables = " or ".join(row.places[name].variables)
            raise NotConfigured(f"{provider} needs to know its {name}: set {variables}", provider=provider)
    return row.base_url.format_map(places)


def _auth(provider: str, row: Provider, places: Mapping[str, str], api_key: SecretStr | str | None, hint: str) -> Auth:
    for key in row.keys:
        if found := api_key or _look_up(Place((key.variable,))):
            return KeyAuth(found, header=key.header, scheme=key.scheme, variable=key.variable)
    if row.signer is not None:
        return row.signer(places)
    if row.needs_key:
        variables = " or ".join(key.variable for key in row.keys)
        raise NotConfigured(f"{provider} needs a key: set {variables}, or {hint}", provider=provider)
    return NoAuth(row.key_variable)


def _look_up(place: Place) -> str:
    found = (os.environ.get(variable, "").strip() for variable in place.variables)
    value = next(filter(None, found), place.default)
    return place.write(value) if value else ""


def _known(places: Mapping[str, Place]) -> dict[str, str]:
    found = ((name, _look_up(place)) for name, place in places.items())
    return {name: value for name, value in found if value}
