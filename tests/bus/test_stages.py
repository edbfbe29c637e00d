"""Stages: exactly one owner for each event that is answered."""

from typing import Any

import pytest

from loopbus.bus import StageTable, StageTaken

from .shop import Ordered, Paid, Rushed


async def first(event: Ordered, run: Any) -> Paid:
    """Answer an order."""
    return Paid()


class Second:
    """Wants to answer it too."""

    async def __call__(self, event: Ordered, run: Any) -> None: ...


def test_a_stage_owns_the_very_class_it_answers() -> None:
    """Not its subclasses: what is answered is told apart exactly."""
    stages = StageTable()
    stages.add(Ordered, first)
    assert stages.owners == {Ordered: first}
    assert Rushed not in stages.owners


def test_two_stages_for_one_event_are_refused() -> None:
    """Both would cause what comes next; the error names them, and says what to do instead."""
    stages = StageTable()
    stages.add(Ordered, first)
    with pytest.raises(StageTaken) as caught:
        stages.add(Ordered, Second())
    assert str(caught.value) == (
        f"Ordered is answered by {__name__}.first, so {__name__}.Second cannot answer it too; "
        "watch it with observe or change it with intercept"
    )
    assert stages.owners[Ordered] is first


def test_the_table_is_read_only() -> None:
    """Whoever reads it cannot take an event over."""
    owners: Any = StageTable().owners
    with pytest.raises(TypeError):
        owners[Ordered] = first
