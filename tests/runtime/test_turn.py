"""The order of a run's events is a table: every phase has its row, and what is not in the row cannot happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus import known_events
from loopbus.events import (
    CostCounted,
    Custom,
    Event,
    MessageInjected,
    ModelFailed,
    ModelReplied,
    RunFinished,
    RunStarted,
    ToolFinished,
    TurnStarted,
)
from loopbus.runtime import OutOfOrder
from loopbus.runtime.turn import ANYTIME, ORDER, Phase, after, diagram

from ..architecture import ROOT


class Passing(Custom, name="tests.turn.passing"):
    """An application's own event. Published by nobody."""


DURABLE = [each for each in known_events() if each.durable and each.__module__.startswith("loopbus.")]


def test_every_phase_has_a_row_and_can_be_reached() -> None:
    """An empty row is one too: nothing follows the end."""
    assert set(ORDER) == set(Phase)
    assert ORDER[Phase.OVER] == {}
    assert {Phase.NEW} | {phase for row in ORDER.values() for phase in row.values()} == set(Phase)


def test_every_durable_event_has_its_place() -> None:
    """In some row, or anytime: one that could never happen would be of no use."""
    placed = {each for row in ORDER.values() for each in row}
    assert [each.__name__ for each in DURABLE if each not in placed and not issubclass(each, ANYTIME)] == []


def test_from_every_phase_there_is_a_way_to_the_end() -> None:
    """So a run can always be closed, wherever it is stopped."""
    ends = {Phase.OVER}
    for _ in Phase:
        ends |= {phase for phase, row in ORDER.items() if ends & set(row.values())}
    assert ends == set(Phase)


def test_a_run_ends_by_one_event_only() -> None:
    """Whoever sees ``RunFinished`` has seen the last."""
    assert {each for row in ORDER.values() for each, phase in row.items() if phase is Phase.OVER} == {RunFinished}


@pytest.mark.parametrize("event_class", [*ANYTIME, Passing])
def test_what_may_happen_anytime_changes_no_phase(event_class: type[Event]) -> None:
    """Between the first event and the last, and neither before nor behind them."""
    for phase in set(Phase) - {Phase.NEW, Phase.OVER}:
        assert after(phase, event_class) is phase
    for phase in (Phase.NEW, Phase.OVER):
        with pytest.raises(OutOfOrder):
            after(phase, event_class)


@given(st.sampled_from(Phase), st.sampled_from(DURABLE))
def test_what_is_not_in_the_row_is_refused_and_what_is_leads_where_it_says(
    phase: Phase, event_class: type[Event]
) -> None:
    """The error names the event, the phase, and what may happen instead."""
    row = ORDER[phase]
    if event_class in row:
        assert after(phase, event_class) is row[event_class]
    elif phase in (Phase.NEW, Phase.OVER) or not issubclass(event_class, ANYTIME):
        with pytest.raises(OutOfOrder) as caught:
            after(phase, event_class)
        allowed = ", ".join(each.__name__ for each in row) or "nothing"
        name = event_class.__name__
        assert str(caught.value) == f"{name} cannot happen while a run is {phase.value}; what can is {allowed}"


def test_a_whole_run_can_be_read_along_the_table() -> None:
    """From the first event to the last, and a log that goes on behind that cannot."""
    phase = Phase.NEW
    for event_class in (RunStarted, MessageInjected, TurnStarted, CostCounted, ModelFailed, RunFinished):
        phase = after(phase, event_class)
    assert phase is Phase.OVER
    with pytest.raises(OutOfOrder, match="ModelReplied cannot happen while a run is over; what can is nothing"):
        after(phase, ModelReplied)
    with pytest.raises(OutOfOrder, match="ToolFinished cannot happen while a run is new; what can is RunStarted"):
        after(Phase.NEW, ToolFinished)


def test_the_diagram_is_the_table() -> None:
    """One line for each entry, one in and one out."""
    lines = diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> new"]
    assert lines[-1] == "    over --> [*]"
    edges = {
        f"    {phase.value} --> {following.value}: {event_class.__name__}"
        for phase, row in ORDER.items()
        for event_class, following in row.items()
    }
    assert set(lines[2:-1]) == edges
    assert len(lines[2:-1]) == len(edges)


def test_the_docs_show_the_diagram_as_it_is() -> None:
    """Whoever changes the table draws the picture again."""
    assert f"```mermaid\n{diagram()}\n```\n" in (ROOT / "docs" / "runtime.md").read_text("utf-8")
