"""The tools of one agent, by name."""

import pytest

from loopbus.tools import BadTool, DuplicateTool, Tool, Toolset, UnknownTool, tool


@tool
async def charge(usd: int) -> int:
    """Take money."""
    return usd


def refund(usd: int) -> int:
    """Give it back."""
    return usd


def test_it_holds_tools_and_functions_in_order() -> None:
    """A plain function becomes a tool on its way in."""
    tools = Toolset([charge, refund])
    assert (tools.names, len(tools), repr(tools)) == (("charge", "refund"), 2, "Toolset(charge, refund)")
    assert [one.name for one in tools] == ["charge", "refund"]
    assert tools.tools[0] is tools["charge"] is tools.get("charge") is charge
    assert isinstance(tools["refund"], Tool)
    assert "refund" in tools
    assert "other" not in tools
    assert tools.get("other") is None


def test_two_tools_of_one_name_are_refused() -> None:
    """Also when it is twice the same."""
    with pytest.raises(DuplicateTool, match="two tools are named 'charge'"):
        Toolset([charge, charge])
    with pytest.raises(BadTool):
        Toolset([charge, tool(refund, name="charge")])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chrage", "There is no tool named 'chrage'. Did you mean 'charge'? The tools are: charge, refund."),
        ("zzz", "There is no tool named 'zzz'. The tools are: charge, refund."),
        ("\ud800", r"There is no tool named '\ud800'. The tools are: charge, refund."),
        ("x" * 1000, f"There is no tool named '{'x' * 64}'. The tools are: charge, refund."),
    ],
)
def test_an_unknown_name_is_told_with_the_valid_ones(name: str, text: str) -> None:
    """The text is meant for the model, however long or odd the name was."""
    with pytest.raises(UnknownTool) as caught:
        Toolset([charge, refund])[name]
    assert str(caught.value) == text


def test_without_tools_that_is_said() -> None:
    """A model that calls a tool where there is none is told so."""
    with pytest.raises(UnknownTool, match="There are no tools"):
        Toolset()["charge"]
