"""What the table of providers says about one of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from .auth import Auth
from .contract import Capabilities

if TYPE_CHECKING:
    from .wire.wire import Wire


@dataclass(frozen=True, slots=True)
class Key:
    """The environment variable that holds a key, and the header that carries it: ``Authorization: Bearer`` or other."""

    variable: str
    header: str = "authorization"
    scheme: str = "Bearer"


@dataclass(frozen=True, slots=True)
class Place:
    """A part of an address or a header that differs from user to user.

    It is the first of ``variables`` that is set, or else ``default``, as ``write`` puts it.
    """

    variables: tuple[str, ...] = ()
    default: str = ""
    write: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One row of the table.

    ``speaks`` names its wire: a module of ``wire`` and, behind a colon, what that calls it. A program speaks one or two
    of all there are, so each is loaded when somebody first asks for ``wire``.

    ``base_url`` may hold ``{names}`` of ``places``; the environment variable ``url_variable`` overrides it whole. Of
    ``keys`` the first that is set signs in, and a key that is passed in goes where the first of them would go. Where
    none is set, ``signer`` makes what signs, out of ``places``; without one, a provider with ``needs_key`` is refused.
    ``query`` and ``headers`` are sent where their places are known.
    """

    base_url: str
    keys: tuple[Key, ...]
    speaks: str = "openai_chat:OPENAI_CHAT"
    url_variable: str = ""
    needs_key: bool = True
    signer: Callable[[Mapping[str, str]], Auth] | None = None
    places: Mapping[str, Place] = field(default_factory=dict[str, Place])
    query: Mapping[str, Place] = field(default_factory=dict[str, Place])
    headers: Mapping[str, Place] = field(default_factory=dict[str, Place])
    capabilities: Capabilities = Capabilities(images=True, output=True)

    @property
    def wire(self) -> "Wire":
        """How to speak to it."""
        module, _, name = self.speaks.partition(":")
        return getattr(import_module(f".wire.{module}", __package__), name)

    @property
    def key_variable(self) -> str:
        """The variable that errors name first."""
        return self.keys[0].variable
