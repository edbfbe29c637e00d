"""Where a request goes: its address, the proxy on the way, and the credentials that the address itself holds."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .errors import NotConfigured

ROUTES = 256
"""How many routes a transport remembers: finding one takes 20 us, and most requests go where another has gone."""

_SAFE = "%/:?#[]@!$&'()*+,;=~"
"""What stands in an address as it is, an escape that is already there included: a signature is over exactly that."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a request, known before it is sent."""

    url: str
    """Escaped where need be, without the credentials."""
    place: str
    """The address without what may be secret in it: what errors call it."""
    proxy: str | None
    headers: Mapping[str, str]
    """``Authorization``, where the address names a user: https://user:password@host/."""


def find_route(url: str, *, trust_env: bool) -> Route:
    """The route to ``url``.

    With ``trust_env`` the proxy is the one that ``HTTPS_PROXY``, ``HTTP_PROXY`` or ``ALL_PROXY`` names, or the system's
    own settings do, unless ``NO_PROXY`` lists the host; else there is none.

    :raises NotConfigured: ``url`` is no http:// or https:// address.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        login, _, host = parts.netloc.rpartition("@")
        host = host.encode("idna").decode()
    except ValueError:
        # Its text may quote a password.
        valid, parts, login, host = False, SplitResult("", "", "", "", ""), "", ""
    if not valid:
        place = url.partition("?")[0].rpartition("@")[2]
        raise NotConfigured(f"{place!r} is no address such as https://models.example/v1")
    return Route(
        quote(parts._replace(netloc=host, fragment="").geturl(), safe=_SAFE),
        f"{parts.scheme}://{host}{parts.path}",
        _proxy(parts.scheme, host) if trust_env else None,
        _authorization(login) if login else {},
    )


def _proxy(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _authorization(login: str) -> dict[str, str]:
    user, _, password = login.partition(":")
    credentials = f"{unquote(user)}:{unquote(password)}".encode()
    return {"authorization": f"Basic {base64.b64encode(credentials).decode()}"}
