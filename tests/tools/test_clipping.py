"""How much of a value is taken before it is encoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic_core import to_json

from loopbus.tools.clipping import DEEPEST, Clip, NotJson, whole_characters

nested = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.lists(inner).map(tuple),
    max_leaves=30,
)


class Box(BaseModel):
    texts: list[str]
    pair: tuple[str, ...] = ()
    names: set[str] = set()
    by_name: dict[str, list[int]] = {}
    inner: "Box | None" = None


@pydantic_dataclass(frozen=True)
class Frozen:
    text: str
    pair: tuple[str, int] = ("a", 1)


@given(nested, st.integers(0, 200))
def test_what_fits_is_taken_whole_and_what_is_cut_would_not_have_fitted(value: object, cap: int) -> None:
    """Less than all is taken only of what is longer than the cap, and then still more than the cap is taken."""
    clip = Clip(cap)
    taken = to_json(clip.take(value))
    if clip.missing:
        assert len(to_json(value)) > cap
        assert len(taken) > cap
    else:
        assert taken == to_json(value)


def test_what_fits_is_not_copied() -> None:
    """Plain containers and models go through as they are."""
    for value in ([1, 2], {"a": 1}, Box(texts=["a"]), Frozen("a"), "text", [], {}):
        assert Clip(1000).take(value) is value


def test_a_model_keeps_its_types_and_the_original_is_untouched() -> None:
    """Its copy encodes without a warning: its serializers get the types that they expect."""
    box = Box(
        texts=["x" * 10] * 10,
        pair=("y" * 10,) * 10,
        names={f"{number:010}" for number in range(10)},
        by_name={"a": [1] * 50},
        inner=Box(texts=["z" * 500]),
    )
    before = box.model_copy(deep=True)
    for cap in range(0, 400, 7):
        taken = Clip(cap).take(box)
        assert type(taken) is Box
        assert taken.model_dump_json(warnings="error")
    assert box == before


def test_a_frozen_dataclass_is_copied_not_changed() -> None:
    """Its fields keep their places and types."""
    whole = Frozen("x" * 100)
    cut = Clip(10).take(whole)
    assert (type(cut), cut.text, whole.text) == (Frozen, "x" * 11, "x" * 100)


def test_the_size_of_what_is_left_out_is_estimated_from_what_is_kept() -> None:
    """Equal items make it exact, up to brackets and commas."""
    clip = Clip(1000)
    taken = to_json(clip.take(["x" * 98] * 10_000))
    assert clip.full_size(len(taken)) == pytest.approx(101 * 10_000, rel=0.15)


def test_depth_is_bounded() -> None:
    """Also for a value that contains itself."""
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(NotJson, match=f"deeper than {DEEPEST}"):
        Clip(1000).take(circle)


@given(st.text(), st.integers(0, 30))
def test_no_character_is_cut_in_two(text: str, at: int) -> None:
    """What is left is the beginning of the text, and at most three bytes shorter."""
    cut = text.encode()[:at]
    kept = whole_characters(cut)
    assert text.startswith(kept.decode())
    assert len(cut) - len(kept) <= 3


@given(st.binary(max_size=8))
def test_bytes_that_are_no_text_stay_wrong(data: bytes) -> None:
    """Only an unfinished last character is left out, nothing that would hide what is no UTF-8."""
    kept = whole_characters(data)
    assert data.startswith(kept)
    rest = data[len(kept) :]
    assert not rest or (rest[0] >= 0xC0 and len(rest) < 4)


class Summed(BaseModel):
    """Shows the sum of all its numbers."""

    numbers: list[int]

    @computed_field
    @property
    def total(self) -> int:
        """Of all, however many are shown."""
        return sum(self.numbers)


def test_a_model_that_computes_is_never_shown_a_part_of_itself() -> None:
    """It is taken whole although it is longer than the cap, or refused; never is its sum that of a part."""
    summed = Summed(numbers=[1] * 1000)
    assert Clip(10).take(summed) is summed
    assert Clip(10).take([summed, 1, 2]) == [summed]
    with pytest.raises(NotJson, match="above 262,144 bytes; return a part of it"):
        Clip(10).take({"all": Summed(numbers=[1] * 1_000_000)})
