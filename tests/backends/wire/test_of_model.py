"""A model is found in a table by the beginning of its name, however the name is dressed up."""

import pytest

from loopbus.backends.wire.of_model import of_model

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
