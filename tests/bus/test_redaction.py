"""What is taken for a secret, and what is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus.redaction import MASK, is_secret_name, redact

SECRET_NAMES = (
    "api_key", "apikey", "API-KEY", "apiKey", "openai_api_key", "token", "accessToken", "X-Auth-Token", "password",
    "db_passwd", "clientSecret", "Authorization", "cookie", "credentials", "private_key", "jwt",
)  # fmt: skip
PLAIN_NAMES = ("input_tokens", "tokens", "key", "author", "name", "tokenizer", "secretary", "passage", "monkey")

SECRET_TEXTS = (
    ("api_key=hunter2hunter2", "hunter2hunter2"),
    ('{"password": "correct horse"}', "correct horse"),
    ("{'client_secret': 'abc def'}", "abc def"),
    ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
    ("the header was bearer abcdefgh12345678", "abcdefgh12345678"),
    ("GET https://host/v1?access_key=zzz9&x=1", "zzz9"),
    ("postgres://bob:s3cr3t@db/x", "s3cr3t"),
    ("Incorrect API key provided: sk-proj-abcdefgh12345", "sk-proj-abcdefgh12345"),
    ("ghp_0123456789abcdefABCDEF is revoked", "ghp_0123456789abcdefABCDEF"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "eyJhbGciOiJI"),
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    """However it is spelled: snake, kebab or camel case, alone or as a part of a longer name."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_name_that_only_resembles_a_secret_is_none(name: str) -> None:
    """Token counts, authors and idempotency keys stay readable."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(("text", "secret"), SECRET_TEXTS)
def test_a_secret_in_a_text_is_masked(text: str, secret: str) -> None:
    """It is gone, and it can be seen that something was there."""
    assert secret not in redact(text)
    assert MASK in redact(text)


def test_what_is_no_secret_stays_as_it_is() -> None:
    """Ordinary words about tokens and keys are not touched."""
    text = "Used 1200 input_tokens; press any key. See https://example.com/a?b=c and the basic facts."
    assert redact(text) == text


def test_only_the_value_of_an_assignment_is_masked() -> None:
    """What stands around a secret is still there for whoever looks for a fault."""
    assert redact("host=a password=b port=5432") == f"host=a password={MASK} port=5432"


@given(st.text(alphabet="abc_:=-/@.' \"\n", max_size=300))
def test_redacting_ends_and_a_second_time_changes_nothing(text: str) -> None:
    """Any text is dealt with, and what was masked once is not masked again in another way."""
    assert redact(redact(text)) == redact(text)


def test_a_long_hostile_text_takes_no_time() -> None:
    """No text makes a pattern look at it again and again: that would be minutes for these."""
    began = time.process_time()
    for piece in (
        "-",
        "a-",
        "password ",
        "://a:",
        "bearer ",
        "eyJ" + "a" * 20 + ".",
        "eyJaaaaaaaa-",
        "token=",
        "token='",
    ):
        redact(piece * 20_000)
    assert time.process_time() - began < 10
