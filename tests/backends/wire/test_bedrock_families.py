"""Families of models behind Bedrock: found by name, however the name is dressed up."""

import pytest

from loopbus.backends.wire.bedrock_families import ANY_FAMILY, FAMILIES, of_model

ROWS = {"amazon.nova-2": "nova 2", "amazon.nova": "nova", "anthropic.": "claude"}


@pytest.mark.parametrize(
    ("model", "row"),
    [
        ("amazon.nova-lite-v1:0", "nova"),
        ("us.amazon.nova-2-lite-v1:0", "nova 2"),
        ("us-gov.anthropic.claude-3-haiku", "claude"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-haiku-4-5", "claude"),
        ("arn:aws:bedrock:us-east-1:1:foundation-model/amazon.nova-pro-v1:0", "nova"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "any"),
        ("notamazon.nova", "any"),
        ("", "any"),
    ],
)
def test_a_model_has_the_row_that_its_name_begins_with(model: str, row: str) -> None:
    """Behind a region and an ARN; an opaque name has none of them."""
    assert of_model(model, ROWS, "any") == row


def test_a_longer_beginning_goes_before_a_shorter_one() -> None:
    """Or its row would never be found."""
    names = list(FAMILIES)
    assert all(not late.startswith(early) for place, early in enumerate(names) for late in names[place + 1 :])
    assert all(of_model(name, FAMILIES, ANY_FAMILY) is row for name, row in FAMILIES.items())
