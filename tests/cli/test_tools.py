"""``loopbus tools``: what a model would be told."""

import json

import pytest

from .conftest import Command


def test_a_tool_is_shown_with_its_schema(loopbus: Command) -> None:
    """Name, description, and the JSON schema of its arguments."""
    done = loopbus("tools", "shop:add")
    assert done.code == 0
    name, description, schema = done.out.split("\n", 2)
    assert (name, description) == ("add", "    Add two whole numbers.")
    assert json.loads(schema)["properties"]["b"] == {"type": "integer"}


def test_json_is_one_array(loopbus: Command) -> None:
    """Lists of tools, several references, and functions that are no tools yet."""
    told = json.loads(loopbus("tools", "shop:tools", "shop:plain", "--json").out)
    assert [tool["name"] for tool in told] == ["add", "refund", "plain"]
    assert told[1]["description"] == "Give money back."
    assert told[2]["parameters"]["required"] == ["x"]


@pytest.mark.parametrize("reference", ["shop:number", "shop:nothing", "shop"])
def test_what_is_no_tool_is_wrong_usage(loopbus: Command, reference: str) -> None:
    """The error names it."""
    done = loopbus("tools", reference)
    assert (done.code, done.out, reference in done.err) == (2, "", True)
