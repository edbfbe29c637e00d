"""The guards that stand around every test."""

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
