"""Who asks whom, and what of it no error may repeat."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

_WORD = re.compile(r"[^\s'\"]+")
_SHORTEST_KEY = 6


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks whom: the provider's name, the key and the environment variable that it comes from.

    ``secrets`` are what else nobody may read; they are looked at anew each time, so the list may change.
    """

    provider: str
    key: SecretStr | None = None
    key_variable: str = ""
    secrets: Sequence[SecretStr] = ()

    def mask(self, text: str) -> str:
        """``text`` without the key, be it whole or starred out by the provider."""
        for secret in (*self.secrets, *((self.key,) if self.key else ())):
            # A shorter one is a stand-in such as "EMPTY", and part of other words.
            if len(key := secret.get_secret_value()) >= _SHORTEST_KEY:
                text = text.replace(key, "***")
        return _WORD.sub(lambda word: "***" if "***" in word[0] else word[0], text) if "***" in text else text
