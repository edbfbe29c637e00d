"""Families of models behind Bedrock: found by name, however the name is dressed up."""

from loopbus.backends.wire.bedrock_families import ANY_FAMILY, FAMILIES
from loopbus.backends.wire.of_model import of_model


def test_a_longer_beginning_goes_before_a_shorter_one() -> None:
    """Or its row would never be found."""
    names = list(FAMILIES)
    assert all(not late.startswith(early) for place, early in enumerate(names) for late in names[place + 1 :])
    assert all(of_model(name, FAMILIES, ANY_FAMILY) is row for name, row in FAMILIES.items())
