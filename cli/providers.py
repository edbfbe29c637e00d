"""What this machine has set up to ask models: keys, addresses, files. It says whether a key is there, never which."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..backends.local.cache import cache_folder
from ..backends.local.catalogue import MODELS
from ..backends.provider import Place, Provider
from ..backends.providers import ALIASES, PROVIDERS


def describe_providers() -> list[dict[str, Any]]:
    """Every provider as data, by name."""
    other_names: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        other_names.setdefault(name, []).append(alias)
    return [
        {"provider": name, "also": other_names.get(name, []), **_describe(row)}
        for name, row in sorted(PROVIDERS.items())
    ]


def describe_local_models() -> list[dict[str, Any]]:
    """The models for this machine's own CPU: whether the engine's extra is there, and which weights are."""
    engine = find_spec("xllamacpp") is not None
    folder = cache_folder() / "models"
    files = {f"local:{name}": (folder / weights.file, weights.size) for name, weights in MODELS.items()}
    if own := os.environ.get("LOOPBUS_LOCAL_MODEL"):
        files = {"local": (Path(own).expanduser(), None)} | files
    return [
        {"model": model, "file": str(file), "bytes": size, "here": file.is_file(), "engine": engine}
        for model, (file, size) in files.items()
    ]


def _describe(row: Provider) -> dict[str, Any]:
    keys = [{"variable": key.variable, "set": bool(_value(Place((key.variable,))))} for key in row.keys]
    override = os.environ.get(row.url_variable, "")
    missing = [] if override else list(_missing(row))
    return {
        "keys": keys,
        "needs_key": row.needs_key and row.signer is None,
        "signs_in_itself": row.signer is not None,
        "address": _shown(override) if override else _address(row),
        "address_variable": row.url_variable,
        "overridden": bool(override),
        "missing": missing,
        "ready": not missing and (any(key["set"] for key in keys) or not row.needs_key or row.signer is not None),
    }


def _missing(row: Provider) -> Iterator[str]:
    """The variables without which the address is not known."""
    seen: set[str] = set()
    for place in row.places.values():
        if not _value(place) and (name := " or ".join(place.variables)) not in seen:
            seen.add(name)
            yield name


def _address(row: Provider) -> str:
    """The address, with a name in braces for what is not known of it."""
    return _shown(row.base_url.format_map({name: _value(place) or f"{{{name}}}" for name, place in row.places.items()}))


def _value(place: Place) -> str:
    found = (os.environ.get(variable, "").strip() for variable in place.variables)
    value = next(filter(None, found), place.default)
    return place.write(value) if value else ""


def _shown(url: str) -> str:
    """An address without what may be a secret in it: a user's name and password, or a query."""
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "(no address)"
    front, _, rest = url.partition("?")[0].partition("://")
    path = rest.partition("#")[0].partition("/")[2]
    return f"{front}://{host}/{path}".rstrip("/") if host else front
