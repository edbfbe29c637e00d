"""Who can be asked by name: a table of providers, and how a model's name is looked up in it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, NamedTuple, TypeVar

from .address import host_of
from .errors import NotConfigured

R = TypeVar("R")


class Named(NamedTuple, Generic[R]):
    """What a name means."""

    provider: str
    row: R
    model: str
    base_url: str | None
    """The address, where the name is one."""


def at_colon(name: str) -> tuple[str, str]:
    """What stands before the first colon of a model's name, and what behind it.

    :raises NotConfigured: it is no text.
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise NotConfigured(f"{name!r:.80} is no model's name: write PROVIDER:MODEL, such as 'openai:gpt-5.2'")
    begin, _, rest = name.partition(":")
    return begin, rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory(Generic[R]):
    """Rows by the name of their provider.

    ``any_address`` is the row for a server that is given by its address, which is any ``servers``, as errors call them.
    ``aliases`` are other names of providers; ``others`` are those that have no row and are asked elsewhere.
    """

    rows: Mapping[str, R]
    any_address: R
    aliases: Mapping[str, str]
    others: Iterable[str]
    noun: str
    servers: str

    def find(self, name: str) -> Named[R]:
        """What ``PROVIDER:MODEL`` or ``http://HOST/v1#MODEL`` means.

        :raises NotConfigured: no such provider, or no model in the name; says what to write.
        """
        if "://" in name:
            address, _, model = name.partition("#")
            named, written = Named(host_of(address), self.any_address, model, address), f"{address}#MODEL"
        else:
            begin, _, model = name.partition(":")
            provider = self.aliases.get(begin, begin)
            if provider not in self.rows:
                raise NotConfigured(self._unknown(name))
            named, written = Named(provider, self.rows[provider], model, None), f"{provider}:MODEL"
        if not model:
            raise NotConfigured(f"no model is named: write {written}")
        return named

    def _unknown(self, name: str) -> str:
        providers = [*self.others, *self.rows]
        # Elsewhere a model's name is written with a slash.
        begin, *model = re.split("[:/]", name, maxsplit=1)
        nearest = get_close_matches(begin, [*providers, *self.aliases], 1, cutoff=0.7)
        hint = f"; did you mean {':'.join([*nearest, *model])!r}? Write" if nearest else ": write"
        return (
            f"no {self.noun} is called {name!r}{hint} PROVIDER:MODEL, or http://HOST/v1#MODEL for any {self.servers}. "
            f"The providers are {', '.join(providers)}"
        )
