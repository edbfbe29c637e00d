import json

import pytest

from benchmarks.figures import Figure, Target, figure
from benchmarks.harness import Pairs
from benchmarks.report import document, number, table

PAIRS = Pairs([4.0, 6.0, 5.0], [2.0, 2.0, 2.0])


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (Target("ratio", 2.5), True),
        (Target("ratio", 2.4), False),
        (Target("value", 5.0), True),
        (Target("value", 4.9), False),
        (None, None),
    ],
)
def test_a_target_bounds_the_median_of_the_figure_or_of_its_ratio(target: Target | None, reached: bool | None) -> None:
    """A figure reaches its target when its median does; without a target there is nothing to reach."""
    assert figure("a turn", "us", PAIRS, target).reached is reached


def test_a_ratio_that_was_not_measured_reaches_nothing() -> None:
    """No floor, no claim."""
    assert Figure(name="a turn", unit="us", value=1.0, target=Target("ratio", 8)).reached is False


def test_the_table_has_a_line_for_each_figure_and_a_column_for_each_peer() -> None:
    """Figure, floor, ratio, target and whether it was reached stand side by side; what is not known stays empty."""
    measured = figure("a turn", "us", PAIRS, Target("ratio", 2))
    alone = Figure(name="an import", unit="ms", value=1_234.5, peers={"other 1.0": 14.0})
    header, rule, first, second = table([measured, alone]).splitlines()
    assert header.split() == [
        "figure",
        "value",
        "floor",
        "unit",
        "ratio",
        "min..max",
        "target",
        "reached",
        "other",
        "1.0",
    ]
    assert set(rule) == {"-", " "}
    assert first.split() == ["a", "turn", "5.00", "2.00", "us", "2.50", "2.00..3.00", "<=", "2", "x", "NO"]
    assert second.split() == ["an", "import", "1,234", "ms", "14.00"]


def test_numbers_keep_the_digits_that_mean_something() -> None:
    """Large ones lose their fraction, missing ones their place."""
    assert [number(value) for value in (None, 0.0526, 12.3456, 123.456, 12345.6)] == [
        "",
        "0.05",
        "12.35",
        "123.5",
        "12,346",
    ]


def test_the_json_says_everything_that_the_table_says() -> None:
    """A program finds every ratio, the target, and the machine that it was measured on."""
    measured = figure("a turn", "us", PAIRS, Target("ratio", 8))
    found = json.loads(json.dumps(document([measured], quick=True, elapsed_s=1.26)))
    assert found["quick"] is True
    assert found["elapsed_s"] == 1.3
    assert found["machine"]["python"].startswith("CPython 3.")
    (record,) = found["figures"]
    assert record["value"] == pytest.approx(5.0)
    assert record["floor"] == pytest.approx(2.0)
    assert record["ratios"] == pytest.approx([2.0, 3.0, 2.5])
    assert record["target"] == {"of": "ratio", "at_most": 8}
    assert record["reached"] is True
