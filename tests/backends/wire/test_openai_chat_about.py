"""What is told about an answer of Chat Completions: collected from wherever it stands."""

import pytest

from loopbus.backends.wire.openai_chat_about import About


def test_pieces_come_together_and_what_is_told_anew_counts_anew() -> None:
    """A list grows over a stream; the answer's own lists come whole with every chunk."""
    about = About()
    about.add("annotations", [{"a": 1}])
    about.add("annotations", [{"b": 2}])
    about.renew({"citations": ["x"], "id": "1"})
    about.renew({"citations": ["x", "y"], "search_results": None})
    assert about.whole() == {"annotations": [{"a": 1}, {"b": 2}], "citations": ["x", "y"]}


def test_nothing_is_told_of_nothing() -> None:
    """Empty lists are sent by many; what is no list is no such thing."""
    about = About()
    about.add("logprobs", [])
    about.renew({"citations": []})
    assert about.whole() == {}
    with pytest.raises(TypeError):
        about.add("logprobs", "a")
