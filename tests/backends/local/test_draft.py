"""Words are shown as they come, unless they may be a call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.local.draft import Draft

TAGGED = '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'


def shown(draft: Draft, pieces: list[str]) -> list[str]:
    """What each piece brings to light."""
    return [draft.feed(piece) for piece in pieces]


@pytest.mark.parametrize("text", [TAGGED, '{"name": "add"}', '{\n  "name": "add"}', '```json\n{"name": "x"}\n```'])
@given(data=st.data())
def test_nothing_of_a_call_is_shown_however_it_is_cut(text: str, data: st.DataObject) -> None:
    """Words before it are."""
    said = f"Let me see. {text} and so on"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=10)))
    draft = Draft()
    pieces = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert "".join(shown(draft, pieces)) == "Let me see. "
    assert draft.has_call
    assert draft.rest == f"{text} and so on"


@given(words=st.text(alphabet='ab <{`"n:\n'), size=st.integers(1, 4))
def test_what_is_no_call_comes_out_whole(words: str, size: int) -> None:
    """In order and without loss, but for the space before the first word."""
    draft = Draft()
    said = "".join(shown(draft, [words[start : start + size] for start in range(0, len(words), size)]))
    if not draft.has_call:
        assert said + draft.rest in (words.lstrip(), words)


def test_words_are_shown_as_soon_as_they_are_no_call() -> None:
    """A brace or a fence holds them back for a moment only."""
    draft = Draft()
    assert shown(draft, ["5 ", "<", " 7", " in ", "{", "a}", " ok"]) == ["5 ", "", "< 7", " in ", "", "{a}", " ok"]
    assert not draft.has_call


def test_a_fence_of_another_language_is_shown() -> None:
    """Up to what may be a call inside it."""
    draft = Draft()
    assert "".join(shown(draft, ["```", "python", "\nprint()\n", "```"])) + draft.rest == "```python\nprint()\n```"


def test_space_alone_is_silence() -> None:
    """A model often begins with a line end."""
    draft = Draft()
    assert shown(draft, ["\n", " \n"]) == ["", ""]
    assert draft.is_silent
    assert shown(draft, [" so"]) == ["so"]
    assert not draft.is_silent


def test_it_knows_how_sure_the_model_was_of_every_stretch() -> None:
    """The least likely piece that a stretch touches."""
    draft = Draft()
    for text, logprob in (("ab", -1.0), ("", -9.0), ("cd", -2.0), ("ef", -3.0)):
        draft.feed(text, logprob)
    assert draft.least_likely(0, 2) == -1.0
    assert draft.least_likely(3, 4) == -2.0
    assert draft.least_likely(1, 5) == -9.0
    assert draft.least_likely(5, 6) == -3.0
