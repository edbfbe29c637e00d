"""An address is put together from what people write, however they write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.address import host_of, url_of
from loopbus.backends.errors import NotConfigured


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://a.example/v1", "https://a.example/v1/chat?k=v"),
        ("https://a.example/v1/", "https://a.example/v1/chat?k=v"),
        ("https://a.example/v1/chat", "https://a.example/v1/chat?k=v"),
        ("https://a.example/v1?team=7", "https://a.example/v1/chat?team=7&k=v"),
    ],
)
def test_a_path_and_a_query_join_the_base(base_url: str, url: str) -> None:
    """Also where the base ends in a slash or in the path itself, or has a query of its own."""
    assert url_of(base_url, "/chat", {"k": "v"}) == url


def test_a_path_s_own_query_comes_first() -> None:
    """As Gemini's ``alt=sse`` does."""
    assert url_of("http://h/v1?b=2", "/m:go?a=1", {"c": "3"}) == "http://h/v1/m:go?a=1&b=2&c=3"
    assert url_of("http://h/v1", "/m", {}) == "http://h/v1/m"


@pytest.mark.parametrize("address", ["", "h/v1", "ftp://h", "http://", "http://h:99999", "http://h:0", "http://["])
def test_what_is_no_address_is_refused(address: str) -> None:
    """With an address that would be one."""
    with pytest.raises(NotConfigured, match="is no address such as"):
        url_of(address, "/chat", {})


@given(st.text(max_size=40))
def test_any_text_names_a_host_or_none(address: str) -> None:
    """To be refused later, with more to say."""
    assert isinstance(host_of(address), str)
    assert host_of("https://user@models.example:8000/v1") == "models.example"
