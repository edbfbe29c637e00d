"""What Postgres says is said in our words."""

import psycopg
import pytest

from loopbus.stores import StoreBroken, StoreBusy, StoreError, StoreFull
from loopbus.stores.postgres import faults


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", StoreFull),
        ("53300", StoreBusy),
        ("25006", StoreBroken),
        ("42501", StoreBroken),
        ("99999", StoreBroken),
    ],
)
def test_what_the_server_says_is_said_in_our_words(code: str, kind: type[StoreError]) -> None:
    """With where, and with its own words behind; a code that nobody has heard of is no reason to pass it on bare."""
    error = type("Coded", (psycopg.OperationalError,), {"sqlstate": code})("the server's words")
    ours = faults.translated(error, "postgresql://host/db")
    assert type(ours) is kind
    assert str(ours).startswith("postgresql://host/db: ")
    assert "the server's words" in str(ours)
