"""What is taken for a secret, in names and in texts, and hidden in what is said of errors and by observers."""

import re
from functools import lru_cache

MASK = "***"

_WORD = (
    r"api_?keys?|access_?keys?|private_?keys?|secrets?|pass(?:word|wd|phrase)s?|pwd|token|jwt|auth|authorization"
    r"|cookies?|credentials?"
)
_NAME = re.compile(rf"(?:^|_)(?:{_WORD})(?:_|$)")
_SHORTEST = len("sk_12345678")
"""A word that is shorter is no secret."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# No pattern begins with a repetition, and none that may fail late goes on for long: so no text makes these slow.
_ASSIGNED = re.compile(
    r"""(?ix) (?P<name> (?: api[_-]?key | access[_-]?key | private[_-]?key | secret | password | passwd | token
    | authorization) ["']? \s? [:=] \s? (?: (?:bearer|basic) \s )? ) (?: "[^"]*" | '[^']*' | [^\s"',;&)}\]]+ )"""
)
_SCHEME = re.compile(r"(?i)\b(?P<name>(?:bearer|basic) )[\w.~+/=-]{8,}")
_USER = re.compile(r"(?P<name>://[^\s:/@]*:)[^\s/@]+(?=@)")
_KNOWN = re.compile(
    r"(?P<name>)\b(?:(?:sk|pk|rk|hf)[-_][\w-]{8,}|gh[pousr]_\w{16,}|xox[a-z]-[\w-]{8,}|AKIA[A-Z0-9]{12,}|AIza[\w-]{20,}"
    r"|eyJ[\w-]{8,2000}\.[\w-]{1,4000}\.[\w-]*)"
)


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether what bears this name is a secret: ``api_key``, ``X-Auth-Token``, ``clientSecret``."""
    return _NAME.search(_CAMEL.sub("_", name).lower().replace("-", "_")) is not None


def redact(text: str) -> str:
    """The text without what looks like a secret: assigned to such a name, part of a URL, or of a known shape."""
    if len(text) < _SHORTEST and text.isidentifier():
        return text
    for pattern in (_ASSIGNED, _SCHEME, _USER, _KNOWN):
        text = pattern.sub(rf"\g<name>{MASK}", text)
    return text
