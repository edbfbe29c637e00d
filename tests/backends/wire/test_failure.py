"""What a provider's error means: the class says who is to blame, the words are the provider's, the key is in none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from loopbus.backends.errors import BackendError, Broken, Busy, ContextOverflow, Refused
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.failure import failure, failure_of_reply

from .test_objects import JSON

ACCOUNT = Account("acme", SecretStr("sk-0123456789"), "ACME_API_KEY")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (307, Refused), (400, Refused), (401, Refused), (403, Refused), (404, Refused), (413, Refused), (422, Refused),
        (408, Broken), (409, Busy), (425, Busy), (429, Busy), (503, Busy), (529, Busy),
        (500, Broken), (502, Broken), (504, Broken), (599, Broken), (600, Broken),
    ],
)  # fmt: skip
def test_a_status_has_its_class(status: int, kind: type[BackendError]) -> None:
    """4xx is our fault, 5xx theirs; what waiting helps is busy."""
    found = failure(ACCOUNT, {"error": {"message": "no"}}, status=status)
    assert (type(found), found.status, found.provider) == (kind, status, "acme")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"code": "context_length_exceeded"}, ContextOverflow),
        ({"type": "exceed_context_size_error"}, ContextOverflow),
        ({"message": "This model's maximum context length is 8 tokens."}, ContextOverflow),
        ({"message": "Your prompt is too long"}, ContextOverflow),
        ({"code": "insufficient_quota"}, Refused),
        ({"type": "overloaded_error"}, Busy),
        ({"type": "rate_limit_error"}, Busy),
        ({"code": 429}, Busy),
        ({"code": "502", "status": 502}, Broken),
        ({"type": "invalid_api_key"}, Refused),
        ({"type": "server_error"}, Broken),
        ({"message": "who knows"}, Broken),
    ],
)
def test_an_error_inside_a_stream_has_the_class_of_its_status(
    payload: dict[str, Any], kind: type[BackendError]
) -> None:
    """A 200 with an error in it is no better than the status that says the same."""
    assert type(failure(ACCOUNT, {"error": payload})) is kind


def test_an_empty_purse_is_no_rate_limit() -> None:
    """OpenAI sends both as 429; only one of them ends by waiting."""
    assert type(failure(ACCOUNT, {"error": {"code": "insufficient_quota"}}, status=429)) is Refused
    assert type(failure(ACCOUNT, {"error": {"code": "rate_limit_exceeded"}}, status=429)) is Busy


def test_words_about_length_count_in_a_refusal_only() -> None:
    """A rate limit that speaks of tokens is still a rate limit."""
    words = {"error": {"message": "too many tokens: reduce the length"}}
    assert type(failure(ACCOUNT, words, status=400)) is ContextOverflow
    assert type(failure(ACCOUNT, words, status=429)) is Busy


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"error": {"message": "said so", "type": "t", "code": None}}, "said so"),
        ({"error": "said so"}, "said so"),
        ({"message": "said so"}, "said so"),
        ({"detail": "said so"}, "said so"),
        ({"detail": [{"loc": ["body"], "msg": "said so"}]}, "said so"),
        ([{"error": {"message": "said so"}}], "said so"),
        ({"error": {"message": "upstream", "metadata": {"raw": "said so"}}}, "upstream: said so"),
        ("said so", "said so"),
        ({"unheard": "of"}, '{"unheard":"of"}'),
        ([], "no explanation"),
        (None, "no explanation"),
    ],
)
def test_the_words_are_found_whatever_the_shape(payload: object, words: str) -> None:
    """OpenAI's, Ollama's, FastAPI's, Google's, OpenRouter's, and none at all."""
    assert words in str(failure(ACCOUNT, payload, status=400))


def test_a_refused_key_names_provider_status_and_variable() -> None:
    """Who refused, and where the key comes from, is all that one needs."""
    found = failure(ACCOUNT, {"error": {"message": "bad key", "code": "invalid_api_key"}}, status=401)
    assert str(found) == "acme answered 401 invalid_api_key: bad key (check the key in ACME_API_KEY)"
    assert found.code == "invalid_api_key"
    assert str(failure(Account("acme"), "no", status=401)).endswith("(check the key)")


@pytest.mark.parametrize(
    "echo",
    ["bad key sk-0123456789.", "bad key 'sk-01*****6789'", "sk-0123456789sk-0123456789", "x" * 1990 + " sk-0123456789"],
)
def test_the_key_is_never_repeated(echo: str) -> None:
    """Not whole, not starred out, not cut in half by our own limit."""
    text = str(failure(ACCOUNT, {"error": {"message": echo}}, status=401))
    assert "sk-0" not in text
    assert "6789" not in text


def test_an_http_error_is_read_whatever_its_body() -> None:
    """JSON, HTML or nothing; a redirect says where to, without the query."""

    def found(status: int, body: bytes, **headers: str) -> BackendError:
        return failure_of_reply(
            ACCOUNT, status, {name.replace("_", "-"): headers[name] for name in headers}, body, now_s=0
        )

    assert str(found(400, b'{"error": "bad"}')).endswith("bad")
    assert str(found(502, b"<html>\n  <b>Bad  Gateway</b>")).endswith("<html> <b>Bad Gateway</b>")
    assert str(found(500, b"\xff\xfe")).startswith("acme answered 500: ")
    assert "moved to https://b/c (redirects are not followed" in str(found(308, b"", location="https://b/c?key=1"))
    busy = found(429, b"", retry_after="7")
    assert isinstance(busy, Busy)
    assert busy.retry_after_s == 7


@given(JSON, st.none() | st.integers(300, 700))
def test_any_payload_makes_an_error(payload: object, status: int | None) -> None:
    """Nothing that a provider says makes us raise another error while we read its error."""
    assert isinstance(failure(ACCOUNT, payload, status=status), BackendError)


@pytest.mark.parametrize(
    ("status", "word", "body", "kind", "code"),
    [
        (400, "ValidationException:http://aws/", b'{"message": "said so"}', Refused, "ValidationException"),
        (400, "com.amazon.coral#ServiceQuotaExceededException", b'{"Message": "said so"}', Busy, None),
        (424, "ModelErrorException", b"said so", Broken, "ModelErrorException"),
        (400, "ValidationException", b'{"message": "said so: Input is too long"}', ContextOverflow, None),
    ],
)
def test_aws_says_beside_the_body_what_kind_of_error_it_is(
    status: int, word: str, body: bytes, kind: type[BackendError], code: str | None
) -> None:
    """In a header, with its place of origin before or behind the name."""
    found = failure_of_reply(ACCOUNT, status, {"x-amzn-errortype": word}, body, now_s=0)
    assert type(found) is kind
    assert found.code == (code or word.partition("#")[2] or word)
    assert "said so" in str(found)
