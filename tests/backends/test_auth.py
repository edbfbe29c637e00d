"""A key goes into one header, and nowhere else."""

import pytest
from pydantic import SecretStr

from loopbus.backends.auth import KeyAuth, NoAuth
from loopbus.backends.transport import HttpRequest

REQUEST = HttpRequest("https://models.example/v1")


@pytest.mark.parametrize("key", ["sk-secret", SecretStr(" sk-secret\n")])
async def test_a_key_is_a_bearer_unless_it_is_said_otherwise(key: str | SecretStr) -> None:
    """Whatever copying left around it is cut off."""
    assert await KeyAuth(key).headers(REQUEST) == {"authorization": "Bearer sk-secret"}


async def test_a_key_may_stand_alone_in_a_header_of_another_name() -> None:
    """As Anthropic, Azure and Google have it."""
    auth = KeyAuth("sk-secret", header="x-api-key", scheme="", variable="ANTHROPIC_API_KEY")
    assert await auth.headers(REQUEST) == {"x-api-key": "sk-secret"}
    assert auth.variable == "ANTHROPIC_API_KEY"


def test_a_key_is_no_part_of_what_can_be_printed() -> None:
    """Nor of what a debugger lists."""
    auth = KeyAuth("sk-secret")
    assert "sk-secret" not in f"{auth!r} {vars(auth)!r} {auth.secrets!r}"
    assert [secret.get_secret_value() for secret in auth.secrets] == ["sk-secret"]


async def test_without_a_key_nothing_is_sent_and_nothing_is_hidden() -> None:
    """The variable is kept for a server that wants a key after all."""
    auth = NoAuth("VLLM_API_KEY")
    assert await auth.headers(REQUEST) == {}
    assert (auth.variable, list(auth.secrets)) == ("VLLM_API_KEY", [])
