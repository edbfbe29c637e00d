"""The transport that is taken when none is given."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from loopbus.backends import transports
from loopbus.backends.errors import NotConfigured
from loopbus.backends.http import HttpxTransport
from loopbus.backends.http_aiohttp import AiohttpTransport
from loopbus.backends.transports import default_transport


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    """What is installed is asked once a process, and each of these tests pretends something else."""
    transports._has_aiohttp.cache_clear()  # pyright: ignore[reportPrivateUsage]
    yield
    transports._has_aiohttp.cache_clear()  # pyright: ignore[reportPrivateUsage]


def install(monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    """Pretend that this aiohttp is installed, or none."""
    module = ModuleType("aiohttp")
    module.__dict__["__version__"] = version
    monkeypatch.setitem(sys.modules, "aiohttp", module if version else None)


@pytest.mark.parametrize("version", ["3.13.0", "3.14.5", "3.20.0rc1", "4.0.0a1"])
def test_the_extra_is_chosen_by_installing_it(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is to be set."""
    install(monkeypatch, version)
    assert isinstance(default_transport(), AiohttpTransport)


@pytest.mark.parametrize("version", [None, "3.9.5", "2.3.10"])
def test_httpx_is_the_default(version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiohttp, and beside one that is too old to have been tried."""
    install(monkeypatch, version)
    assert isinstance(default_transport(), HttpxTransport)


def test_asking_for_what_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to type."""
    install(monkeypatch, None)
    with pytest.raises(NotConfigured, match=r"pip install 'loopbus\[fast\]'"):
        AiohttpTransport()
