"""Tools in ``extra_body`` join those of the request, or stand beside them."""

from loopbus.backends.wire.extra_tools import join_tools


def test_a_tool_of_the_same_name_adds_its_fields() -> None:
    """What ours say already is said anew; everything else is another's."""
    ours = [{"name": "add", "strict": True}, {"name": "see"}]
    more = [{"type": "search", "name": "web"}, {"name": "add", "strict": False, "defer": 1}, {"name": 5}, "text"]
    assert join_tools(ours, more) == (
        [{"name": "add", "strict": False, "defer": 1}, {"name": "see"}],
        [{"type": "search", "name": "web"}, {"name": 5}, "text"],
    )
