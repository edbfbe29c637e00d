"""An edition of ``genai-prices``, installed for one test."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from loopbus.backends.catalogue import genai_rows

from .listing import Listing, listing

Install = Callable[[Listing], Listing]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install an edition, in the place of one that may be there."""

    def put(edition: Listing) -> Listing:
        module = ModuleType("genai_prices.data_snapshot")
        vars(module)["get_snapshot"] = lambda: edition
        monkeypatch.setitem(sys.modules, "genai_prices", ModuleType("genai_prices"))
        monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", module)
        monkeypatch.setattr(genai_rows, "release", lambda: "edition 1")
        return edition

    return put


@pytest.fixture
def listed(install: Install) -> Listing:
    """The small edition, installed."""
    return install(listing())
