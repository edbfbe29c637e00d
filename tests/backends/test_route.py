"""Where a request goes, known before it is sent."""

import pytest

from loopbus.backends.errors import NotConfigured
from loopbus.backends.route import find_route

PROXY = "http://proxy.example:3128"


def route_to(url: str) -> str:
    """The address that is asked for in the end."""
    return find_route(url, trust_env=False).url


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://models.example/v1?a=b%2Fc&d=e+f", "https://models.example/v1?a=b%2Fc&d=e+f"),
        ("http://127.0.0.1:8000/model/a%3Ab:c", "http://127.0.0.1:8000/model/a%3Ab:c"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("https://models.example/v1#model", "https://models.example/v1"),
        ("https://models.example/a b/\u00e9", "https://models.example/a%20b/%C3%A9"),
        ("https://m\u00fcller.example/v1", "https://xn--mller-kva.example/v1"),
    ],
)
def test_an_address_is_escaped_where_it_must_be_and_nowhere_else(url: str, asked: str) -> None:
    """What a provider signed, or wrote with escapes, goes out as it is."""
    assert route_to(url) == asked


def test_credentials_leave_the_address() -> None:
    """They become a header; neither the address nor the name of the place has them, nor what a query holds."""
    route = find_route("https://al%40ice:pass@models.example/v1/@cf/model?key=secret", trust_env=False)
    assert route.url == "https://models.example/v1/@cf/model?key=secret"
    assert route.place == "https://models.example/v1/@cf/model"
    assert route.headers == {"authorization": "Basic YWxAaWNlOnBhc3M="}
    assert find_route("https://models.example/", trust_env=False).headers == {}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models.example",
        "ftp://models.example/",
        "http://",
        "http://:80/",
        "http://a:port/",
        "http://a:0/",
        "http://[::1/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """The error shows what one looks like."""
    with pytest.raises(NotConfigured, match="no address such as https://"):
        route_to(url)


def test_an_address_that_is_refused_is_shown_without_its_secrets() -> None:
    """A password with a slash in it makes a port of its first half."""
    with pytest.raises(NotConfigured) as caught:
        route_to("https://user:sec/ret@models.example/v1?key=secret")
    assert "sec" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://a.example/", None),
        ({"HTTPS_PROXY": PROXY}, "https://a.example/", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://a.example/", None),
        ({"https_proxy": "proxy.example:3128"}, "https://a.example/", PROXY),
        ({"ALL_PROXY": PROXY}, "http://a.example/", PROXY),
        ({"ALL_PROXY": PROXY, "HTTP_PROXY": "http://other.example"}, "http://a.example/", "http://other.example"),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "a.example"}, "http://a.example/", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "example"}, "http://user:x@a.example:80/", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "*"}, "http://a.example/", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "b.example"}, "http://a.example/", PROXY),
    ],
)
def test_the_environment_names_the_proxy(
    variables: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variables that other programs honour too; whoever does not trust them goes straight."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_route(url, trust_env=True).proxy == proxy
    assert find_route(url, trust_env=False).proxy is None
