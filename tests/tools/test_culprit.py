"""Finding the part of a value that is at fault."""

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from loopbus.tools.culprit import culprit

FAULT = object()


def encode(value: Any) -> None:
    """Refuse everything that holds the fault."""
    if value is FAULT:
        raise ValueError("Unable to serialize unknown type: <class 'object'>")
    if isinstance(value, dict):
        encode(list(cast(dict[str, Any], value).values()))
    if isinstance(value, list):
        for inner in cast(list[Any], value):
            encode(inner)


@given(st.lists(st.integers(0, 5) | st.from_regex(r"[a-z]{1,5}", fullmatch=True), max_size=20))
def test_the_path_leads_to_the_fault(steps: list[int | str]) -> None:
    """However it is hidden, the path that is told is the path that was taken."""
    value: Any = FAULT
    path = ""
    for step in reversed(steps):
        if isinstance(step, int):
            value, path = [*range(step), value, "after"], f"[{step}]{path}"
        else:
            value, path = {"before": 1, step: value}, f".{step}{path}"
    assert str(culprit(value, "it", encode)) == f"it{path}: object is not JSON"


def test_what_fails_although_each_part_is_fine_is_at_fault_itself() -> None:
    """The reason is the encoder's own, in one line and cut."""

    def refuse(value: object) -> None:
        if isinstance(value, list):
            raise RuntimeError("too many\nlines " + "x" * 1000)

    assert str(culprit([1, 2], "it", refuse)) == "it: list cannot be written as JSON: too many"


def test_a_path_is_told_by_its_ends_if_it_is_long() -> None:
    """A message has to stay readable."""
    value: Any = FAULT
    for _ in range(150):
        value = [value]
    found = culprit(value, "it", encode)
    assert str(found).endswith("nested deeper than 100 levels")
    assert len(found.path) < 150
    assert "…" in found.path
