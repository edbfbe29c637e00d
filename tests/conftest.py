"""What holds for every test: the package is the installed one, nothing beyond loopback is reached, Hypothesis repeats.

Helpers that several test files share are plain modules beside them, imported relatively: ``from .suite import Suite``.
"""

import gc
import ipaddress
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from . import processes
from .architecture import ROOT

EXAMPLES = 50
"""Of each property, where its test says no other number: the suite is run all day. A search is what ``thorough`` is."""

# Time says nothing on a busy machine, so no profile has a deadline.
settings.register_profile("dev", deadline=None, max_examples=EXAMPLES)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=EXAMPLES,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


class RootIsNoTestPackage:
    """Keeps pytest from importing the checkout's root, which holds an ``__init__.py``, under the folder's own name.

    That would load a second copy of the library beside ``loopbus``.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


def pytest_configure(config: pytest.Config) -> None:
    """Register what a conftest below the root cannot say as a plain hook."""
    config.pluginmanager.register(RootIsNoTestPackage())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is collected out of the garbage collector's sight: thousands of items that live to the end anyway.

    It would look at all of them again and again, which took a twelfth of the suite's time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let coverage pass over the processes that a test starts: to be counted costs each of them 0.3 s.

    For tests of what stands beside the library, such as the docs: its own lines are run by the tests of its rooms.
    """
    for name in os.environ.keys() - processes.unmeasured().keys():
        monkeypatch.delenv(name)


def peer(address: Any) -> object:
    """The host in a socket's address; a local socket has a path instead."""
    return None if isinstance(address, str | bytes) else address[0]


REACHES: dict[str, Callable[[tuple[Any, ...]], object]] = {
    "socket.connect": lambda arguments: peer(arguments[1]),
    "socket.getaddrinfo": lambda arguments: arguments[0],
    "socket.gethostbyname": lambda arguments: arguments[0],
}
"""The interpreter's audit events that name a host, and where they name it."""


class NetworkGuard:
    """An audit hook: while it is closed, nothing in this process connects or resolves beyond loopback."""

    closed = True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear of one audit event; this is called for every import and open file, so it answers at once."""
        if event in REACHES and self.closed and not is_loopback(host := REACHES[event](arguments)):
            raise RuntimeError(f"a test reached for {host!r}: tests use no network but loopback")


def is_loopback(host: object) -> bool:
    """Say whether ``host`` is this machine, by name or by address."""
    name = host.decode() if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


guard = NetworkGuard()
sys.addaudithook(guard)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the way out for the tests that download the real model, and for no others."""
    guard.closed = item.get_closest_marker("local") is None
