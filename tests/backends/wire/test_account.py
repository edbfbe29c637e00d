"""What no error may repeat is taken out of it, and nothing else."""

import pytest
from pydantic import SecretStr

from loopbus.backends.wire.account import Account

ACCOUNT = Account("acme", SecretStr("sk-0123456789"), "ACME_API_KEY")


@pytest.mark.parametrize("text", ["x" * 1_000_000, "*" * 1_000_000, "x*" * 500_000, " *** " * 100_000])
def test_long_words_are_masked_in_time(text: str) -> None:
    """A provider's answer cannot make masking take more than one look at each character."""
    assert len(ACCOUNT.mask(text)) <= len(text)


def test_a_stand_in_for_a_key_is_no_secret() -> None:
    """Masking "EMPTY" would only garble the words."""
    account = Account("vllm", SecretStr("EMPTY"))
    assert account.mask("the list is EMPTY") == "the list is EMPTY"


def test_secrets_that_come_later_are_masked_too() -> None:
    """What signs may change between requests: the list is looked at each time."""
    secrets: list[SecretStr] = []
    account = Account("acme", secrets=secrets)
    assert account.mask("the token t0ken-1") == "the token t0ken-1"
    secrets.append(SecretStr("t0ken-1"))
    assert account.mask("the token t0ken-1") == "the token ***"
