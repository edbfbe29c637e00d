"""One folder keeps the downloads, and one process at a time changes it."""

import sys
from pathlib import Path

import anyio
import pytest

from loopbus.backends.local import cache as cache_module
from loopbus.backends.local.cache import cache_folder, locked, make_folder
from loopbus.backends.local.errors import WeightsUnavailable


def test_the_folder_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours first, then the desktop's standard, then its default."""
    monkeypatch.setenv("LOOPBUS_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.setenv("LOOPBUS_CACHE", "")
    assert cache_folder() == tmp_path / "shared" / "loopbus"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / "home" / ".cache" / "loopbus"
    monkeypatch.setenv("LOOPBUS_CACHE", "~/models")
    assert cache_folder() == tmp_path / "home" / "models"


def test_a_folder_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    """A file stands where it should be."""
    (tmp_path / "file").touch()
    with pytest.raises(WeightsUnavailable, match="set LOOPBUS_CACHE"):
        make_folder(tmp_path / "file" / "folder")


async def test_only_one_holds_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait, and get it in the end."""
    monkeypatch.setattr(cache_module, "POLL_S", 0.001)
    holders = most = 0

    async def hold() -> None:
        nonlocal holders, most
        async with locked(tmp_path / "lock"):
            holders += 1
            most = max(most, holders)
            await anyio.sleep(0.005)
            holders -= 1

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(hold)
    assert most == 1


async def test_another_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its death frees the lock, so that no crash blocks the next start."""
    monkeypatch.setattr(cache_module, "POLL_S", 0.001)
    script = f"""if True:
        import anyio
        from pathlib import Path
        from loopbus.backends.local.cache import locked

        async def main():
            async with locked(Path({str(tmp_path / "lock")!r})):
                print("held", flush=True)
                await anyio.sleep(3600)

        anyio.run(main)
    """
    async with await anyio.open_process([sys.executable, "-c", script]) as other:
        assert other.stdout is not None
        assert (await other.stdout.receive()).startswith(b"held")
        with anyio.move_on_after(0.05) as scope:
            async with locked(tmp_path / "lock"):
                pass
        assert scope.cancelled_caught
        other.kill()
        with anyio.fail_after(10):
            async with locked(tmp_path / "lock"):
                pass
