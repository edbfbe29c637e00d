"""Replies are kept by key: the latest so many, in memory or in a file, and what is forgotten is no error."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus import BadOption
from loopbus.handlers.policies import MemoryReplies, Replies, SqliteReplies

KINDS = ["memory", "sqlite"]


def made(kind: str, path: Path, entries: int = 3) -> Replies:
    """A store of each kind."""
    return SqliteReplies(path / "replies.db", entries=entries) if kind == "sqlite" else MemoryReplies(entries)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_put_is_got_and_what_was_not_is_none(kind: str, tmp_path: Path) -> None:
    """A later text takes the place of an earlier one."""
    store = made(kind, tmp_path)
    assert await store.get("a") is None
    await store.put("a", "one", "r")
    await store.put("a", "two \u2028 ☃", "r")
    assert await store.get("a") == "two \u2028 ☃"


@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_latest_are_kept(kind: str, tmp_path: Path) -> None:
    """A file does not grow without end, nor does memory."""
    store = made(kind, tmp_path)
    for key in "abacd":
        await store.put(key, key, "r")
    assert [await store.get(key) for key in "abcd"] == ["a", None, "c", "d"]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_put_again_takes_no_other_s_room(kind: str, tmp_path: Path) -> None:
    """Nor does what was forgotten: there are as many as there may be, not fewer."""
    store = made(kind, tmp_path)
    for key in "abccccc":
        await store.put(key, key, "r")
    await store.put("x", "x", "another")
    await store.forget("another")
    await store.put("c", "c", "r")
    assert [await store.get(key) for key in "bc"] == ["b", "c"]


@given(keys=st.lists(st.sampled_from("abcdef"), max_size=40), entries=st.integers(1, 4))
async def test_memory_keeps_what_was_used_last(keys: list[str], entries: int) -> None:
    """Also what was only looked at."""
    store, last = MemoryReplies(entries), list[str]()
    for key in keys:
        if await store.get(key) is None:
            await store.put(key, key, "r")
        last = [*(each for each in last if each != key), key][-entries:]
        assert len(store) == len(last)
        assert key in last


async def test_two_that_use_one_file_see_what_the_other_has_put(tmp_path: Path) -> None:
    """At the same time, and afterwards."""
    one, other = made("sqlite", tmp_path, 100), made("sqlite", tmp_path, 100)
    async with create_task_group() as group:
        for place in range(10):
            group.start_soon((one, other)[place % 2].put, f"{place}", f"{place}", "r")
    assert [await one.get(f"{place}") for place in range(10)] == [f"{place}" for place in range(10)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_store_forgets_what_a_run_has_brought_and_nothing_else(kind: str, tmp_path: Path) -> None:
    """What another run has put in its place meanwhile stays; to forget twice is harmless."""
    store = made(kind, tmp_path)
    for key, run_id in [("one", "r1"), ("two", "r1"), ("two", "r2"), ("three", "r3")]:
        await store.put(key, f"{key} of {run_id}", run_id)
    for _ in range(2):
        await store.forget("r1")
    assert [await store.get(key) for key in ("one", "two", "three")] == [None, "two of r2", "three of r3"]


async def test_what_is_forgotten_is_gone_from_the_file(tmp_path: Path) -> None:
    """Not only from the table: the bytes are overwritten."""
    store = made("sqlite", tmp_path)
    await store.put("one", "secret", "r1")
    assert b"secret" in (tmp_path / "replies.db").read_bytes()
    await store.forget("r1")
    assert b"secret" not in (tmp_path / "replies.db").read_bytes()


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    """What SQLite says passes; who uses the store decides what that means."""
    (tmp_path / "replies.db").write_text("this is a letter, and no database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        await made("sqlite", tmp_path).get("a")


@pytest.mark.parametrize("entries", [0, "many"])
def test_a_store_keeps_at_least_one(entries: Any, tmp_path: Path) -> None:
    """Or it is none."""
    with pytest.raises(BadOption, match="entries"):
        MemoryReplies(entries)
    with pytest.raises(BadOption, match="entries"):
        SqliteReplies(tmp_path / "replies.db", entries=entries)
