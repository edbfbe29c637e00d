"""One-time links by which somebody decides who has no account here: signed, dated, about one question."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from pydantic import SecretBytes, SecretStr

from ..events.human import ApprovalRequested
from .errors import BadInput, LinkExpired, LinkForged, LinkMalformed

Secret = bytes | str | SecretStr | SecretBytes

_VERSION = b"\x01"
_PURPOSE = b"loopbus approval link"
"""Whoever has signed other things with the same secret has signed no link."""
_MAC_BYTES = 32
_LONGEST = 4096
_LEAST_SECRET = 16
_WEEK_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class SignedDecision:
    """What a link says: how to decide about which question, and in whose name."""

    run_id: str
    call_id: str
    binding: str
    """Of the question that the link was made for; ``decide(binding=...)`` refuses any other."""
    approve: bool
    author: str
    expires_at: float
    """Seconds since the epoch."""


class ApprovalLinks:
    """Signs decisions, and opens what comes back.

    The first secret signs, any of them opens: put a new one in front and take the old one out when its links have
    expired. A link works once because a call is decided once. It is a key to that decision for whoever holds it: send
    it to one person, over TLS, and decide on POST only, because mail scanners and chat previews follow links.

    :raises BadInput: there is no secret, or one is shorter than 16 bytes.
    """

    __slots__ = ("_clock", "_keys")

    def __init__(self, *secrets: Secret, clock: Callable[[], float] = time.time) -> None:
        if not secrets:
            raise BadInput("ApprovalLinks() needs a secret; give 32 random bytes, as from secrets.token_bytes()")
        self._keys = tuple(_key(secret) for secret in secrets)
        self._clock = clock

    def __repr__(self) -> str:
        return f"<ApprovalLinks with {len(self._keys)} secrets>"

    def __reduce__(self) -> str:
        raise TypeError("ApprovalLinks hold secrets and cannot be pickled; make them anew where they are needed")

    def sign(self, question: ApprovalRequested, *, approve: bool, author: str, valid_s: float = _WEEK_S) -> str:
        """A token, safe in URLs, by which ``author`` decides about this question within ``valid_s`` seconds.

        :raises BadInput: the question is in no log yet, or the time is no number above 0.
        """
        if not question.run_id:
            raise BadInput("only a question that is in a log can be decided; take it from run.events() or run.state")
        if not 0 < valid_s < inf:
            raise BadInput(f"valid_s={valid_s!r}: give a number of seconds above 0")
        fields = [question.run_id, question.call_id, question.binding, approve, author, self._clock() + valid_s]
        body = _VERSION + json.dumps(fields, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_mac(self._keys[0], body) + body).rstrip(b"=").decode()

    def open(self, token: str) -> SignedDecision:
        """What a token says that was signed here and is still valid.

        :raises LinkMalformed: it is no token of ours, or of a version that this program does not know.
        :raises LinkForged: it was not signed with any of the secrets.
        :raises LinkExpired: its time is up.
        """
        raw = _decoded(token)
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # Every key is tried, so that the time taken does not tell which one it was.
        equal = [hmac.compare_digest(mac, _mac(key, body)) for key in self._keys]
        if not any(equal):
            raise LinkForged("an approval link was not signed with any of the secrets")
        if not body.startswith(_VERSION):
            raise LinkMalformed(f"an approval link has version {body[0]}; this program knows only 1")
        run_id, call_id, binding, approve, author, expires_at = json.loads(body[1:])
        if self._clock() >= expires_at:
            raise LinkExpired(f"the approval link of {author!r} for call {call_id!r} of run {run_id} has expired")
        return SignedDecision(run_id, call_id, binding, approve, author, expires_at)


def _key(secret: Secret) -> bytes:
    plain = secret.get_secret_value() if isinstance(secret, SecretStr | SecretBytes) else secret
    raw = plain.encode() if isinstance(plain, str) else plain
    if len(raw) < _LEAST_SECRET:
        raise BadInput(f"a secret has {len(raw)} bytes; give at least {_LEAST_SECRET}, better 32 random ones")
    return _mac(raw, _PURPOSE)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _decoded(token: str) -> bytes:
    try:
        raw = base64.b64decode(token[:_LONGEST] + "=" * (-len(token) % 4), b"-_", validate=True)
    except (TypeError, ValueError):
        raw = b""
    # Each token has one spelling: what differs from it was made by somebody else.
    if len(raw) <= _MAC_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise LinkMalformed("what came as an approval link is none; it may have been cut or wrapped on the way")
    return raw
