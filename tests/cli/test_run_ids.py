"""The beginning of an id is enough, as git has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.cli.errors import AmbiguousRun
from loopbus.cli.run_ids import PAGE, every_run, find_run, short_ids
from loopbus.stores import NoSuchRun, open_log

from ..stores.story import started

IDS = ("abcdef0123", "abcdef0199", "abcd", "ffff")


@pytest.mark.parametrize(
    ("given", "found"), [("abcdef012", "abcdef0123"), ("f", "ffff"), ("abcd", "abcd"), ("abcdef0199", "abcdef0199")]
)
async def test_a_run_is_found_by_the_beginning_of_its_id(given: str, found: str) -> None:
    """An id that is another one's beginning is itself."""
    async with open_log("memory://") as log:
        for run_id in IDS:
            await log.append(started(run_id))
        assert (await find_run(log, given)).run_id == found


@pytest.mark.parametrize("given", ["", "0", "abcde_", "fffff"])
async def test_nothing_is_no_run(given: str) -> None:
    """Neither is the empty beginning, though every id begins so."""
    async with open_log("memory://") as log:
        await log.append(started("ffff"))
        with pytest.raises(NoSuchRun, match="loopbus runs lists them"):
            await find_run(log, given)


async def test_of_several_none_is_taken() -> None:
    """They are listed, the latest first, and where there are many the rest is counted."""
    async with open_log("memory://") as log:
        for number in range(12):
            await log.append(started(f"run{number:02}"))
        with pytest.raises(AmbiguousRun) as raised:
            await find_run(log, "run")
        first, *listed, rest = str(raised.value).splitlines()
        assert (first, rest) == ("12 runs have an id that begins with 'run':", "  ... and 2 more")
        assert listed[0] == "  run11  clerk"
        assert len(listed) == 10


async def test_every_run_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, the latest first, wherever a page ends."""
    async with open_log("memory://") as log:
        for number in range(7):
            await log.append(started(f"run{number}"))
        for page in (1, 2, 7, PAGE):
            monkeypatch.setattr("loopbus.cli.run_ids.PAGE", page)
            assert [info.run_id async for info in every_run(log)] == [f"run{number}" for number in reversed(range(7))]


@given(st.sets(st.text("ab", min_size=1, max_size=14), max_size=20))
def test_a_short_id_means_one_run(ids: set[str]) -> None:
    """It is the beginning of its own id and of no other, unless that id is itself the beginning of another."""
    for run_id, short in short_ids(ids).items():
        assert run_id.startswith(short)
        assert len(short) >= min(8, len(run_id))
        assert short == run_id or [other for other in ids if other.startswith(short)] == [run_id]
