"""Files of logs, as crashes and bad disks leave them."""

from pathlib import Path

from loopbus.stores import Log, SqliteRows

from ..story import finished, started, turn


async def fill(log: Log, run_id: str = "run") -> None:
    """Write a run of ten events in four appends."""
    await log.append(started(run_id))
    await log.append(turn(run_id, 2))
    await log.append(turn(run_id, 6))
    await log.append(finished(run_id, 10))


async def closed(path: Path) -> Path:
    """The file of a log with one run, as it is after closing: no write-ahead log is left."""
    async with Log(SqliteRows(path)) as log:
        await fill(log)
    return path


class Crashed:
    """The files of a log with one run, as they are when the process dies right after the last append.

    Everything is in the write-ahead log then. Without ``index``, the machine died with it.
    """

    def __init__(self, path: Path, source: Path, *, index: bool) -> None:
        suffixes = ("", "-wal", "-shm")[: 2 + index]
        self.path = path
        self.wal, self.index = Path(f"{path}-wal"), Path(f"{path}-shm")
        self._contents = {suffix: Path(f"{source}{suffix}").read_bytes() for suffix in suffixes}
        self.frames = self._contents["-wal"]
        self.restore()

    def restore(self) -> None:
        """As they were."""
        for suffix, content in self._contents.items():
            Path(f"{self.path}{suffix}").write_bytes(content)

    def cut(self, length: int) -> None:
        """Leave no more than so many bytes of the write-ahead log."""
        self.wal.write_bytes(self.frames[:length])


async def crashed(folder: Path, *, index: bool = True) -> Crashed:
    """Files that a crash has left."""
    source = folder / f"source-{index}.db"
    async with Log(SqliteRows(source)) as log:
        await fill(log)
        return Crashed(folder / f"copy-{index}.db", source, index=index)


def flip(path: Path, place: int, bit: int = 0) -> None:
    """Turn one bit of a file over."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)
