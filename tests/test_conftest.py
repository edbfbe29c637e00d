"""The guards that stand around every test."""

import gc
import socket
import sys

import pytest

from .architecture import ROOT


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "models.example"])
def test_a_test_that_reaches_beyond_loopback_fails(host: str) -> None:
    """No packet leaves: the attempt itself raises, whether it names or numbers the host."""
    with pytest.raises(RuntimeError, match="no network but loopback"):
        socket.create_connection((host, 80), timeout=1)


def test_loopback_is_open() -> None:
    """Servers of the tests' own can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_the_library_is_imported_once() -> None:
    """The checkout's root is no test package, so no second copy of the library is loaded under the folder's name."""
    copies = [
        name for name, module in sys.modules.items() if getattr(module, "__file__", None) == f"{ROOT}/__init__.py"
    ]
    assert set(copies) <= {"loopbus"}


def test_what_was_collected_is_not_looked_at_by_the_garbage_collector() -> None:
    """The modules and the items of thousands of tests live to the end, so nobody pays for a look at them."""
    assert gc.isenabled()
    assert not any(each is vars(sys.modules[__name__]) for each in gc.get_objects())
