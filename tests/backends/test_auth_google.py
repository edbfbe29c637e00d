"""Requests to Google Cloud carry a fresh access token."""

import sys
from typing import Any

import pytest

from loopbus.backends.auth_google import GoogleAuth
from loopbus.backends.errors import Broken, NotConfigured
from loopbus.backends.transport import HttpRequest

google: Any = pytest.importorskip("google.auth", reason="the extra [vertex] is not installed")
exceptions: Any = pytest.importorskip("google.auth.exceptions")

REQUEST = HttpRequest("https://aiplatform.googleapis.com/v1")


class Credentials:
    """Credentials of google-auth's kind, whose next token is ``token-1``, ``token-2`` and so on."""

    def __init__(self, quota_project_id: str | None = None, failure: Exception | None = None) -> None:
        self.quota_project_id = quota_project_id
        self.valid = False
        self.token = ""
        self.fetched = 0
        self._failure = failure

    def refresh(self, session: object) -> None:
        if self._failure is not None:
            raise self._failure
        self.fetched += 1
        self.valid, self.token = True, f"token-{self.fetched}"


async def test_a_token_is_fetched_once_and_again_when_it_expires() -> None:
    """Each is a secret while it is in use."""
    credentials = Credentials()
    auth = GoogleAuth(credentials)
    assert await auth.headers(REQUEST) == {"authorization": "Bearer token-1"}
    assert await auth.headers(REQUEST) == {"authorization": "Bearer token-1"}
    credentials.valid = False
    assert await auth.headers(REQUEST) == {"authorization": "Bearer token-2"}
    assert [secret.get_secret_value() for secret in auth.secrets] == ["token-2"]


async def test_the_default_credentials_are_taken_and_their_project_is_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the scope that all of Google Cloud asks for."""
    asked: list[object] = []

    def default(scopes: object) -> tuple[Credentials, str]:
        asked.append(scopes)
        return Credentials("billing-project"), "project"

    monkeypatch.setattr(google, "default", default)
    headers = await GoogleAuth().headers(REQUEST)
    assert headers == {"authorization": "Bearer token-1", "x-goog-user-project": "billing-project"}
    assert asked == [["https://www.googleapis.com/auth/cloud-platform"]]


async def test_without_credentials_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """In our words and Google's."""

    def default(scopes: object) -> None:
        raise exceptions.DefaultCredentialsError("were not found")

    monkeypatch.setattr(google, "default", default)
    with pytest.raises(NotConfigured, match=r"GOOGLE_APPLICATION_CREDENTIALS .*gcloud auth .*were not found"):
        await GoogleAuth().headers(REQUEST)


async def test_credentials_that_google_refuses_are_told() -> None:
    """Asking again will not help."""
    with pytest.raises(NotConfigured, match="revoked"):
        await GoogleAuth(Credentials(failure=exceptions.RefreshError("revoked"))).headers(REQUEST)


async def test_a_google_that_cannot_be_reached_may_be_asked_again() -> None:
    """It is no fault of the credentials."""
    with pytest.raises(Broken, match="no route"):
        await GoogleAuth(Credentials(failure=exceptions.TransportError("no route"))).headers(REQUEST)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, and what will do without."""
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(NotConfigured, match=r"pip install 'loopbus\[vertex\]', or set GOOGLE_OAUTH_ACCESS_TOKEN"):
        GoogleAuth()
