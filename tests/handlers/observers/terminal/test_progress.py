"""What the screen knows of a run is little, and safe to show."""

from hypothesis import given
from hypothesis import strategies as st

from loopbus.events import ToolFinished, ToolRequested
from loopbus.handlers.observers.terminal.progress import TAIL, Progress, call_words


@given(st.lists(st.integers(0, 3 * TAIL), max_size=20))
def test_of_a_message_only_the_end_is_remembered(lengths: list[int]) -> None:
    """Bounded, and always the end of what was said."""
    run = Progress("abc-1", 0.0)
    pieces = [chr(97 + place) * length for place, length in enumerate(lengths)]
    for piece in pieces:
        run.hear(piece, anew=False)
        assert len(run.tail) <= TAIL
    said = "".join(pieces)
    assert said.endswith(run.tail)
    assert len(run.tail) >= min(len(said), TAIL // 2)


def test_a_snapshot_takes_the_place_of_what_was_heard() -> None:
    """A view that joins in the middle of a message has all of it."""
    run = Progress("abc-1", 0.0)
    run.hear("half", anew=False)
    run.hear("half of it", anew=True)
    assert run.tail == "half of it"


def test_a_call_is_one_line_without_secrets_and_control_characters() -> None:
    """Whatever the model made up."""
    words = call_words("f\x1b[2J", {"password": "x", "text": "a\nb\x07" + "y" * 1000, "n": [1, {"token": "t"}]})
    assert words.startswith('f\\x1b[2J(password=***, text="a\\nb\\u0007yyy')
    assert words.endswith('n=[1, {"token": ***}])')
    assert len(words) < 600
    assert "\n" not in call_words("a\nb", {"c\nd": "e"})


def test_a_call_that_was_stopped_took_as_long_as_it_is_known() -> None:
    """Its result does not say; the times of its events do."""
    run = Progress("abc-1", 0.0)
    run.open(ToolRequested(call_id="c", name="f", arguments={"x": 1}, at=10.0))
    stopped = ToolFinished(call_id="c", name="f", outcome="unknown", output="who knows", at=12.5)
    result = run.settle(stopped)
    assert (result.words, result.elapsed_s, result.outcome, run.calls) == ("f(x=1)", 2.5, "unknown", {})


def test_a_result_without_its_call_is_shown_all_the_same() -> None:
    """A view may join late."""
    result = Progress("abc-1", 0.0).settle(
        ToolFinished(call_id="c", name="f", outcome="ok", output="\x1b", elapsed_s=1)
    )
    assert (result.words, result.output, result.elapsed_s) == ("f()", "\\x1b", 1)


def test_figures_name_the_cost_where_there_is_one() -> None:
    """Tokens with separators, seconds with a tenth, never negative when a clock jumps."""
    run = Progress("abc-1", 10.0, tokens=1_234_567)
    assert run.figures(9.0) == "1,234,567 tokens, 0.0 s"
    run.cost_usd = 0.01234
    assert run.figures(11.26) == "1,234,567 tokens, $0.0123, 1.3 s"


def test_a_tag_is_what_tells_runs_apart() -> None:
    """The number behind the prefix, or the end of a strange id."""
    assert Progress("8b7d90db1c74-17", 0.0).tag == "17"
    assert Progress("a-very-long-run-id-of-somebody\x1b", 0.0).tag == "omebody\\x1b"
