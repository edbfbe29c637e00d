"""How a request says who sends it: the headers that carry or prove a key."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import SecretStr

from .transport import HttpRequest


class Auth(Protocol):
    """Signs requests. One object serves any number of requests at once."""

    @property
    def variable(self) -> str:
        """The environment variable that holds the key, for errors to name; empty if there is none."""
        ...

    @property
    def secrets(self) -> Sequence[SecretStr]:
        """What no error may repeat. The list is kept, not copied: it may change with each request."""
        ...

    async def headers(self, request: HttpRequest) -> Mapping[str, str]:
        """The headers that ``request`` needs beside its own.

        :raises NotConfigured: there is nothing to sign with.
        """
        ...


class NoAuth:
    """For a server that asks for no key; ``variable`` is where one would stand, if it does after all."""

    secrets: Sequence[SecretStr] = ()

    def __init__(self, variable: str = "") -> None:
        self.variable = variable

    async def headers(self, request: HttpRequest) -> Mapping[str, str]:
        """None."""
        return {}


class KeyAuth:
    """One key in one header: ``Authorization: Bearer KEY``, unless ``header`` and ``scheme`` say otherwise.

    Blanks around the key, which copying leaves behind, are cut off.
    """

    def __init__(
        self, key: SecretStr | str, *, header: str = "authorization", scheme: str = "Bearer", variable: str = ""
    ) -> None:
        plain = key if isinstance(key, str) else key.get_secret_value()
        self._key = SecretStr(plain.strip())
        self._header = header
        self._scheme = scheme
        self.variable = variable
        self.secrets: Sequence[SecretStr] = (self._key,)

    async def headers(self, request: HttpRequest) -> Mapping[str, str]:
        """The one header."""
        return {self._header: f"{self._scheme} {self._key.get_secret_value()}".lstrip()}
