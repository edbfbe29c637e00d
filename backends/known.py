"""The models that can be asked for by name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic import SecretStr

from .contract import Backend
from .errors import NotConfigured
from .local.backend import LocalModel
from .openai_compatible import OpenAICompatible
from .wire.openai_chat_request import CHAT, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One row of the table.

    ``url_variable`` and ``key_variable`` name the environment variables that override ``base_url`` and hold the key;
    a provider of one's own machine needs no key, but takes one.
    """

    base_url: str
    url_variable: str = ""
    key_variable: str = ""
    needs_key: bool = False
    dialect: Dialect = CHAT


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(
        base_url="https://api.openai.com/v1",
        url_variable="OPENAI_BASE_URL",
        key_variable="OPENAI_API_KEY",
        needs_key=True,
        dialect=Dialect(max_tokens="max_completion_tokens"),
    ),
    "ollama": Provider(base_url="http://127.0.0.1:11434/v1", url_variable="OLLAMA_BASE_URL"),
    "lmstudio": Provider(base_url="http://127.0.0.1:1234/v1", url_variable="LMSTUDIO_BASE_URL"),
    "vllm": Provider(base_url="http://127.0.0.1:8000/v1", url_variable="VLLM_BASE_URL", key_variable="VLLM_API_KEY"),
}

FACTORIES: Mapping[str, Callable[[str], Backend]] = {"local": LocalModel}
"""Backends that are no OpenAI-compatible server: each makes one from what follows its name and a colon."""

ANY_ADDRESS = Provider(base_url="", key_variable="LOOPBUS_API_KEY")
"""The row for a server that is given by its address."""


def resolve(model: str, *, api_key: SecretStr | str | None = None) -> Backend:
    """The backend for a model's name.

    A name is ``local`` or ``local:model`` for a model on this machine's CPU, ``provider:model`` for a row of the
    table, or ``http://host:8000/v1#model`` for any OpenAI-compatible server. The key is ``api_key`` or else the
    provider's environment variable; a server given by its address gets the one in ``LOOPBUS_API_KEY``, if that is set.

    :raises NotConfigured: no such provider, no model in the name, or no key; says what to write or to set.
    """
    if "://" in model:
        base_url, _, name = model.partition("#")
        return _connect(_host(base_url), base_url, name, ANY_ADDRESS, api_key)
    provider, _, name = model.partition(":")
    if provider in FACTORIES:
        return FACTORIES[provider](name)
    if provider not in PROVIDERS:
        raise NotConfigured(_unknown(model, provider))
    row = PROVIDERS[provider]
    return _connect(provider, os.environ.get(row.url_variable) or row.base_url, name, row, api_key)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        # The backend itself says what is wrong with it.
        return ""


def _connect(provider: str, base_url: str, name: str, row: Provider, api_key: SecretStr | str | None) -> Backend:
    if not name:
        raise NotConfigured(
            f"no model is named: write {f'{base_url}#MODEL' if row is ANY_ADDRESS else f'{provider}:MODEL'}"
        )
    key = api_key or os.environ.get(row.key_variable, "").strip() or None
    if row.needs_key and key is None:
        raise NotConfigured(
            f"{provider} needs a key: set {row.key_variable}, "
            f"or give the agent resolve('{provider}:{name}', api_key=...)",
            provider=provider,
        )
    return OpenAICompatible(base_url, name, key, provider=provider, key_variable=row.key_variable, dialect=row.dialect)


def _unknown(model: str, provider: str) -> str:
    names = [*FACTORIES, *PROVIDERS]
    known = ", ".join([*FACTORIES, *(f"{name}:MODEL" for name in PROVIDERS)])
    nearest = get_close_matches(provider, names, 1)
    form = "" if ":" in model else "write PROVIDER:MODEL. "
    hint = f"did you mean {nearest[0] + model[len(provider) :]!r}? " if nearest else form
    return (
        f"no model is called {model!r}; {hint}Known: {known}, and http://HOST/v1#MODEL for any OpenAI-compatible server"
    )
