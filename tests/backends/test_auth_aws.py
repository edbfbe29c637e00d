"""Requests to AWS are signed with the credentials of its own chain, and no secret of theirs is told."""

import sys
from pathlib import Path
from typing import Any

import pytest

from loopbus.backends.auth_aws import SigV4
from loopbus.backends.errors import Broken, NotConfigured
from loopbus.backends.transport import HttpRequest

exceptions: Any = pytest.importorskip("botocore.exceptions", reason="the extra [bedrock] is not installed")
session: Any = pytest.importorskip("botocore.session")

URL = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m%3A0/converse"
REQUEST = HttpRequest(URL, headers={"content-type": "application/json", "user-agent": "loopbus"}, body=b"{}")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None but those that a test sets, wherever botocore looks."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDPLANTED")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "planted-token")


@pytest.mark.usefixtures("signed_in")
async def test_a_signature_names_the_key_the_region_and_the_service() -> None:
    """And covers no header that a proxy may change."""
    headers = await SigV4("eu-west-1").headers(REQUEST)
    assert headers.keys() == {"authorization", "content-type", "x-amz-date", "x-amz-security-token"}
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDPLANTED/")
    assert "/eu-west-1/bedrock/aws4_request" in headers["authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token," in headers["authorization"]
    assert headers["x-amz-security-token"] == "planted-token"


@pytest.mark.usefixtures("signed_in")
async def test_a_signature_is_one_body_s_own() -> None:
    """A changed request is refused by AWS."""
    auth = SigV4("eu-west-1")
    first, second = [await auth.headers(HttpRequest(URL, body=body)) for body in (b"{}", b"[]")]
    assert first["authorization"].rpartition("=")[2] != second["authorization"].rpartition("=")[2]


@pytest.mark.usefixtures("signed_in")
async def test_every_part_of_the_credentials_is_a_secret() -> None:
    """AWS quotes the token in the words with which it refuses a signature."""
    auth = SigV4("eu-west-1")
    await auth.headers(REQUEST)
    assert {secret.get_secret_value() for secret in auth.secrets} == {"AKIDPLANTED", "planted-secret", "planted-token"}
    assert "planted" not in repr(auth.secrets)


async def test_without_credentials_it_is_said_where_they_may_come_from() -> None:
    """Once a request is to be signed: looking for them may take a while."""
    with pytest.raises(NotConfigured, match=r"AWS_ACCESS_KEY_ID .* AWS_BEARER_TOKEN_BEDROCK"):
        await SigV4("eu-west-1").headers(REQUEST)


async def test_a_profile_that_there_is_not_is_told() -> None:
    """In botocore's words."""
    with pytest.raises(NotConfigured, match="nobody"):
        await SigV4("eu-west-1", profile="nobody").headers(REQUEST)


async def test_a_source_that_cannot_be_reached_may_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike one that has nothing."""

    def fail(self: object) -> None:
        raise exceptions.EndpointConnectionError(endpoint_url="http://169.254.169.254")

    monkeypatch.setattr(session.Session, "get_credentials", fail)
    with pytest.raises(Broken, match="Could not connect"):
        await SigV4("eu-west-1").headers(REQUEST)


async def test_credentials_that_expire_are_renewed_before_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only then."""
    found = Expiring()
    monkeypatch.setattr(session.Session, "get_credentials", lambda self: found)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]  # botocore has no types
    auth = SigV4("eu-west-1")
    for stale in (False, True, False):
        found.stale = stale
        await auth.headers(REQUEST)
    assert (found.frozen, found.renewed) == (3, 1)


class Expiring:
    """Credentials of botocore's kind."""

    access_key, secret_key, token = "AKID", "secret", None

    def __init__(self) -> None:
        self.stale = False
        self.frozen = self.renewed = 0

    def refresh_needed(self) -> bool:
        return self.stale

    def get_frozen_credentials(self) -> "Expiring":
        self.frozen += 1
        self.renewed += self.stale
        return self


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, before anything is sent."""
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(NotConfigured, match=r"pip install 'loopbus\[bedrock\]'"):
        SigV4("eu-west-1")


def test_a_region_is_needed() -> None:
    """It is part of the signature."""
    with pytest.raises(NotConfigured, match="AWS_REGION"):
        SigV4("")
