"""A link decides about the one question it was made for, in time, and nobody but us can make one."""

import base64
import hmac
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretBytes, SecretStr

from loopbus.bus.event import stamp
from loopbus.events import ApprovalRequested
from loopbus.runtime.errors import BadInput, LinkError, LinkExpired, LinkForged, LinkMalformed, UsageError
from loopbus.runtime.links import ApprovalLinks, SignedDecision

SECRET = b"only for the tests of this file."
NOON = 1_800_000_000.0


def question() -> ApprovalRequested:
    """A question that is in a log."""
    asked = ApprovalRequested(call_id="1.0", name="pay", arguments={"usd": 7}, approver="kim", schema_hash="s1")
    stamp(asked, "run-1", 7, NOON, 6)
    return asked


class Clock:
    """A wall clock that is put forward by hand."""

    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("approve", [True, False])
def test_a_link_says_what_was_signed(approve: bool) -> None:
    """Which run and call, how it is decided, in whose name, about which question, and until when; safe in URLs."""
    links = ApprovalLinks(SECRET, clock=Clock())
    token = links.sign(question(), approve=approve, author="kim ü", valid_s=60)
    expected = SignedDecision("run-1", "1.0", question().binding, approve, "kim ü", NOON + 60)
    assert links.open(token) == expected
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_link_works_until_its_time_is_up() -> None:
    """Not a moment longer, and it is said whose link it was."""
    clock = Clock()
    links = ApprovalLinks(SECRET, clock=clock)
    token = links.sign(question(), approve=True, author="kim", valid_s=60)
    clock.now += 59
    links.open(token)
    clock.now += 1
    with pytest.raises(LinkExpired, match=r"'kim' for call '1\.0' of run run-1 has expired"):
        links.open(token)


def test_secrets_are_changed_one_after_the_other() -> None:
    """The first signs, any opens; a link of a secret that was taken out is as good as forged, in time or not."""
    old, new = SecretStr("the secret of last year"), SecretBytes(SECRET)
    before, during, after = ApprovalLinks(old), ApprovalLinks(new, old), ApprovalLinks(new)
    token = before.sign(question(), approve=True, author="kim")
    assert during.open(token).author == "kim"
    assert after.open(during.sign(question(), approve=True, author="ann")).author == "ann"
    for links in after, ApprovalLinks(SECRET, clock=lambda: NOON * 2):
        with pytest.raises(LinkForged):
            links.open(token)


@settings(max_examples=100)
@given(st.data())
def test_nothing_can_be_changed_in_a_link(data: st.DataObject) -> None:
    """Any letter that differs, is missing or too many: one of our errors, and never another decision."""
    links = ApprovalLinks(SECRET, clock=Clock())
    token = links.sign(question(), approve=False, author="kim")
    place = data.draw(st.integers(0, len(token)))
    piece = data.draw(st.text(st.sampled_from("AaZz09-_+/= \n\0ü"), max_size=2))
    cut = data.draw(st.integers(0, 2))
    changed = token[:place] + piece + token[place + cut :]
    if changed != token:
        with pytest.raises(LinkError):
            links.open(changed)


@pytest.mark.parametrize("token", ["", "x", "=" * 8, "ü", "A" * 100_000, None, 3, b"abc"])
def test_what_is_no_link_is_said_to_be_none(token: Any) -> None:
    """Whatever a stranger puts into the address."""
    with pytest.raises((LinkMalformed, LinkForged)):
        ApprovalLinks(SECRET).open(token)


def test_a_link_has_one_spelling() -> None:
    """What says the same in other letters was not sent by us, so a list of used links cannot be slipped past."""
    links = ApprovalLinks(SECRET, clock=Clock())
    tokens = (links.sign(question(), approve=True, author=f"kim {number}") for number in range(1000))
    token = next(token for token in tokens if "-" in token and "_" in token)
    for other in token.replace("-", "+"), token.replace("_", "/"), f"{token}=", f"{token}====":
        with pytest.raises(LinkMalformed):
            links.open(other)


def test_a_link_of_a_later_version_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is signed all right, and says what this program does not understand."""
    links = ApprovalLinks(SECRET)
    with monkeypatch.context() as later:
        later.setattr("loopbus.runtime.links._VERSION", b"\x02")
        token = links.sign(question(), approve=True, author="kim")
    with pytest.raises(LinkMalformed, match="version 2"):
        links.open(token)


def test_a_stranger_learns_nothing_from_what_is_wrong() -> None:
    """One sentence for all of them; the difference is for the log."""
    kinds = (LinkExpired, LinkForged, LinkMalformed)
    assert len({kind.public for kind in kinds}) == 1
    assert all(issubclass(kind, LinkError) and issubclass(kind, UsageError) for kind in kinds)


def test_secrets_do_not_show() -> None:
    """Law 12: not in a repr, a pickle, an error, or a token."""
    links = ApprovalLinks(SECRET, SecretStr(SECRET.decode()))
    assert repr(links) == "<ApprovalLinks with 2 secrets>"
    with pytest.raises(TypeError, match="secrets"):
        pickle.dumps(links)
    with pytest.raises(BadInput, match="5 bytes") as caught:
        ApprovalLinks(b"short")
    assert "short" not in str(caught.value)
    token = links.sign(question(), approve=True, author="kim")
    assert SECRET not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def test_a_key_of_links_signs_nothing_else() -> None:
    """The same secret may sign cookies elsewhere: what it signed there opens nothing here."""
    links = ApprovalLinks(SECRET)
    token = links.sign(question(), approve=True, author="kim")
    body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[32:]
    forged = base64.urlsafe_b64encode(hmac.digest(SECRET, body, "sha256") + body).rstrip(b"=").decode()
    with pytest.raises(LinkForged):
        links.open(forged)


def test_what_cannot_be_signed_is_refused() -> None:
    """A question nobody has put, a time that is none, links without a secret."""
    links = ApprovalLinks(SECRET)
    unasked = ApprovalRequested(call_id="1.0", name="pay", arguments={}, approver="kim")
    with pytest.raises(BadInput, match="in a log"):
        links.sign(unasked, approve=True, author="kim")
    for valid_s in 0, -1, float("inf"), float("nan"):
        with pytest.raises(BadInput, match="valid_s"):
            links.sign(question(), approve=True, author="kim", valid_s=valid_s)
    with pytest.raises(BadInput, match="needs a secret"):
        ApprovalLinks()
