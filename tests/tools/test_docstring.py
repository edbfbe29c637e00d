"""What is read out of a docstring, in three styles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.tools.docstring import Docstring, parse

GOOGLE = """Send money.

    The bank may refuse.

    Args:
        amount (float, optional): How much,
            in euros.
        to: Who gets it: a name.
        *extra: Left over.
        silent

    Returns:
        amount: not a parameter

    Raises:
        ValueError: too much
    """

NUMPY = """Send money.

    The bank may refuse.

    Parameters
    ----------
    amount : float, optional
        How much,
        in euros.
    to
        Who gets it: a name.
    **extra
        Left over.
    silent : str

    Returns
    -------
    amount : float
        not a parameter
    """

SPHINX = """Send money.

    The bank may refuse.

    :param float amount: How much,
        in euros.
    :param to: Who gets it: a name.
    :type to: str
    :keyword extra: Left over.
    :param silent:
    :raises ValueError: too much
    :returns: amount
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_each_style_gives_the_same(text: str) -> None:
    """Prose is what stands before the sections; a parameter's lines are joined; what has no text is left out."""
    assert parse(text) == Docstring(
        "Send money.\n\nThe bank may refuse.",
        {"amount": "How much, in euros.", "to": "Who gets it: a name.", "extra": "Left over."},
    )


def test_several_names_may_share_a_numpy_entry() -> None:
    """``x, y : int`` describes both."""
    text = "Add.\n\nParameters\n----------\nx, y : int\n    A summand.\n"
    assert parse(text).parameters == {"x": "A summand.", "y": "A summand."}


def test_a_sphinx_paragraph_ends_at_an_empty_line() -> None:
    """Prose after the fields is nobody's description."""
    assert parse("Add.\n\n:param x: A summand.\n\n    And more.\n").parameters == {"x": "A summand."}


def test_a_google_section_ends_where_its_indent_ends() -> None:
    """What stands at the margin again is nobody's description."""
    assert parse("Add.\n\nArgs:\n    x: A summand.\nAnd more:\n    y: Not one.\n").parameters == {"x": "A summand."}


def test_lines_of_no_known_shape_are_left_out() -> None:
    """In a section too, nothing is guessed."""
    assert parse("Add.\n\nArgs:\n    the summands\n    x: One.\n").parameters == {"x": "One."}
    assert parse("Add.\n\nParameters\n----------\nthe summands\n    All.\nx\n    One.\n").parameters == {"x": "One."}


@pytest.mark.parametrize("text", [None, "", "   \n  "])
def test_nothing_said_is_nothing_read(text: str | None) -> None:
    """A function without a docstring has an empty description."""
    assert parse(text) == Docstring()


@pytest.mark.parametrize(
    "section", ["Returns:\n    The sum.", "Returns\n-------\nint\n    The sum.", ":returns: The sum."]
)
def test_sections_about_other_things_are_no_prose(section: str) -> None:
    """Nor are they about parameters."""
    assert parse(f"Add.\n\n{section}\n") == Docstring("Add.", {})


def test_prose_that_ends_in_a_colon_is_no_section() -> None:
    """Only the known headers open a section."""
    text = "Charge a card.\n\nMind the following:\n    amount: is in cents"
    assert parse(text) == Docstring(text, {})


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """What has no known shape is prose; nothing is made up."""
    read = parse(text)
    assert all(said and said in " ".join(text.split()) for said in read.parameters.values())
    assert read.prose in "\n".join(line.strip() for line in text.splitlines()) or read.prose


words = st.text("abcdefgh ,.-", min_size=1).map(str.strip).filter(bool)
descriptions = st.dictionaries(st.from_regex(r"[a-z]{2,8}", fullmatch=True), words, min_size=1, max_size=4)


@given(words, descriptions, st.sampled_from(["google", "numpy", "sphinx"]))
def test_what_is_written_in_a_style_is_read_back(prose: str, said: dict[str, str], style: str) -> None:
    """For any names and texts, each style says what was meant."""
    lines = {
        "google": ["Args:"] + [f"    {name}: {text}" for name, text in said.items()],
        "numpy": ["Parameters", "----------"] + [f"{name} : int\n    {text}" for name, text in said.items()],
        "sphinx": [f":param {name}: {text}" for name, text in said.items()],
    }[style]
    read = parse("\n".join([prose, "", *lines]))
    assert read.prose == prose
    assert read.parameters == {name: " ".join(text.split()) for name, text in said.items()}
