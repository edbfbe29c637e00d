"""A row of the table, filled in from the environment."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from loopbus.backends.auth import Auth, KeyAuth, NoAuth
from loopbus.backends.errors import NotConfigured
from loopbus.backends.provider import Key, Place, Provider
from loopbus.backends.site import find_site

ROW = Provider(
    base_url="https://{region}.acme.example",
    url_variable="ACME_URL",
    keys=(Key("ACME_KEY", "x-key", ""), Key("ACME_TOKEN")),
    places={"region": Place(("ACME_REGION", "ACME_ZONE"), write=str.lower)},
    headers={"x-team": Place(("ACME_TEAM",)), "x-version": Place(default="1")},
    query={"v": Place(("ACME_VERSION",))},
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key and a place."""
    monkeypatch.setenv("ACME_TOKEN", " t ")
    monkeypatch.setenv("ACME_ZONE", "EU")


def test_the_first_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known and not needed is left out."""
    site = find_site("acme", ROW, hint="ask")
    assert site.base_url == "https://eu.acme.example"
    assert isinstance(site.auth, KeyAuth)
    assert site.auth.variable == "ACME_TOKEN"
    assert (site.headers, site.query) == ({"x-version": "1"}, {})
    monkeypatch.setenv("ACME_URL", "http://other")
    monkeypatch.setenv("ACME_VERSION", "7")
    other = find_site("acme", ROW, hint="ask")
    assert (other.base_url, other.query) == ("http://other", {"v": "7"})


def test_what_is_passed_in_goes_first() -> None:
    """A key goes where the first of the row's keys goes."""
    site = find_site("acme", ROW, api_key="k", base_url="http://mine", hint="ask")
    assert (site.base_url, site.auth.variable) == ("http://mine", "ACME_KEY")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to set, and what else to do."""
    monkeypatch.delenv("ACME_TOKEN")
    with pytest.raises(NotConfigured, match="set ACME_KEY or ACME_TOKEN, or ask nicely"):
        find_site("acme", ROW, hint="ask nicely")
    assert isinstance(find_site("acme", replace(ROW, needs_key=False), hint="ask").auth, NoAuth)

    def sign(places: Mapping[str, str]) -> Auth:
        return NoAuth(places["region"])

    signed = find_site("acme", replace(ROW, signer=sign), hint="ask")
    assert signed.auth.variable == "eu"
    monkeypatch.delenv("ACME_ZONE")
    with pytest.raises(NotConfigured, match="acme needs to know its region: set ACME_REGION or ACME_ZONE"):
        find_site("acme", ROW, hint="ask")
