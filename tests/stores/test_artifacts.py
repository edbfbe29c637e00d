"""Large texts are cut out of JSON and put back, byte for byte."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from loopbus.stores import Log, MemoryRows, RowStore, SqliteRows, StoreDamaged
from loopbus.stores.artifacts import cut, fill, holes, intact

from ..events.strategies import JSON
from .contract import read
from .story import started, turn


@given(value=st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=5), large=st.integers(1, 30))
def test_what_is_cut_out_is_put_back(value: dict[str, object], large: int) -> None:
    """Any JSON, keys included, and however little counts as large; what is left is JSON too."""
    for body in (to_json(value), json.dumps(value, indent=1).encode()):
        rest, artifacts = cut(body, large)
        assert fill(rest, holes(rest), artifacts) == body if artifacts else rest == body
        assert all(len(each) >= large for each in artifacts.values())
        assert all(intact(hole, artifacts) for hole in holes(rest))
        json.loads(rest.partition(b"\n")[2] if artifacts else rest)


def test_one_text_is_one_artifact() -> None:
    """However often it stands in an event."""
    rest, artifacts = cut(to_json({"a": "long" * 9, "b": ["long" * 9]}), 30)
    assert list(artifacts.values()) == [b"long" * 9]
    assert len(holes(rest)) == 2
    assert rest.endswith(b'\n{"a":"","b":[""]}')


def stores(folder: object) -> list[RowStore]:
    """One of each."""
    return [MemoryRows(), SqliteRows(f"{folder}/runs.db")]


@pytest.mark.parametrize("kind", [0, 1])
async def test_a_text_is_stored_once_and_goes_with_its_last_run(kind: int, tmp_path: object) -> None:
    """Two runs with one large text share it; deleting both takes it along."""
    rows = stores(tmp_path)[kind]
    async with Log(rows, large_bytes=50) as log:
        for run_id in ("one", "two"):
            await log.append(started(run_id, said="much" * 20))
            await log.append(turn(run_id, 2, said=run_id * 20))
        (hole,) = holes((await rows.page("one", 0, 1)).rows[0].body)
        assert await rows.artifacts([hole.digest]) == {hole.digest: b"much" * 20}
        (own,) = holes((await rows.page("one", 3, 1)).rows[0].body)
        await log.delete("one")
        assert await rows.artifacts([hole.digest, own.digest]) == {hole.digest: b"much" * 20}
        await log.delete("two")
        assert await rows.artifacts([hole.digest]) == {}


@pytest.mark.parametrize("damage", [None, b"evil" * 20])
async def test_a_changed_or_lost_artifact_is_named(damage: bytes | None) -> None:
    """Reading and verifying name the event; those before it are given."""
    rows = MemoryRows()
    log = Log(rows, large_bytes=50)
    await log.append(started("run"))
    await log.append(turn("run", 2, said="much" * 20))
    (hole,) = holes((await rows.page("run", 3, 1)).rows[0].body)

    async def artifacts(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        return {} if damage is None else dict.fromkeys(digests, damage)

    rows.artifacts = artifacts
    for asked in (read(log, "run"), log.verify("run")):
        with pytest.raises(StoreDamaged, match=f"event 4 of run run has a value of 80 bytes .* {hole.digest.hex()}"):
            await asked
