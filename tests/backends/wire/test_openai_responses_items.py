"""Items of a Responses answer: what none of our blocks has a place for is kept, and nothing twice."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false

from typing import Any

import pytest

from loopbus.backends.wire.openai_responses_items import beside, call_id_of, picture_of
from loopbus.events.content import Image

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("item", "kept"),
    [
        ({"type": "message", "id": "m", "content": [{"type": "output_text", "text": "a", "annotations": []}]}, {}),
        ({"type": "message", "phase": "commentary"}, {"type": "message", "phase": "commentary"}),
        ({"type": "function_call", "id": "f", "call_id": "c", "status": "completed", "arguments": "{}"}, {}),
        (
            {"type": "function_call", "call_id": "c", "caller": {"type": "program"}},
            {"type": "function_call", "call_id": "c", "caller": {"type": "program"}},
        ),
        ({"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "a"}]}, {}),
        (
            {"type": "reasoning", "id": "r", "status": "completed", "encrypted_content": "s3al", "content": None},
            {"type": "reasoning", "summary": [], "encrypted_content": "s3al"},
        ),
        ({"type": "image_generation_call", "id": "i", "result": "AA=="}, {"type": "image_generation_call", "id": "i"}),
        ({"type": "image_generation_call", "result": "AA...="}, {"type": "image_generation_call", "result": "AA...="}),
        ({"type": "mcp_call", "id": "x", "output": "1"}, {"type": "mcp_call", "id": "x", "output": "1"}),
    ],
)
def test_only_what_has_no_block_is_kept(item: Json, kept: Json) -> None:
    """Ids and statuses go with what a block holds: under them the provider would look for what it does not store."""
    assert beside(item) == kept


def test_a_picture_that_failed_is_none() -> None:
    """And one that did not has the type that its format says, png where it says none."""
    assert picture_of({"result": None}) is None
    assert picture_of({"result": "cut..."}) is None
    assert picture_of({"result": "AA==", "output_format": "webp"}) == Image("image/webp", data=b"\0")
    assert picture_of({"result": "AA=="}) == Image("image/png", data=b"\0")


def test_a_call_goes_by_one_id_or_the_other() -> None:
    """Its own before that of its item."""
    assert [call_id_of(item) for item in ({"id": "f", "call_id": "c"}, {"id": "f"}, {})] == ["c", "f", ""]
