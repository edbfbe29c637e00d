"""Addresses of servers: what a base URL names, and where a request at it goes."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from .errors import NotConfigured


def host_of(address: str) -> str:
    """The host that an address names; empty if it is no address, which ``url_of`` refuses with more to say."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def url_of(base_url: str, path: str, query: Mapping[str, str]) -> str:
    """Where a request goes: ``path`` at ``base_url``, with the queries of all three.

    :raises NotConfigured: ``base_url`` is no http:// or https:// address.
    """
    try:
        parts = urlsplit(base_url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise NotConfigured(f"the base URL {base_url!r} is no address such as http://127.0.0.1:8000/v1")
    base, _, base_query = base_url.partition("?")
    path, _, path_query = path.partition("?")
    queries = "&".join(filter(None, (path_query, base_query, urlencode(query))))
    # People copy the address from where they find it, often with the path of the one call that it was shown for.
    return base.rstrip("/").removesuffix(path) + path + (f"?{queries}" if queries else "")
