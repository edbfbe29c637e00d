"""Replays every exchange under a folder through the real backends, and says which came out with another meaning.

Each answer arrives over a mocked transport with the status, headers and body that were recorded: plain ones whole,
streamed ones whole, byte by byte and cut at random. A line for each failure; last ``N passed, M failed``. With
``--requests``, every recorded request is rebuilt from our own types instead and its JSON compared, key order aside.

Exit code: 0 if nothing failed (``--requests``: if nine in ten came out the same), 1 if something did, 2 if there is
nothing to replay.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..backends.recorded import Recording, is_exchange, read
from .answering import WAYS, replay
from .meaning import EXCEPTIONS, compare
from .rebuilding import rebuild

REACHED = 0.9
"""The share of requests that must come out the same."""


class Verdict(NamedTuple):
    """One exchange: what went wrong with it, a line each; none if all is well."""

    name: str
    failures: Sequence[str]


async def check_answer(recording: Recording) -> Verdict:
    """Replay one answer, each way that its body may arrive."""
    failures: list[str] = []
    for way in WAYS if recording.streaming else ("whole",):
        try:
            outcome = await replay(recording, WAYS[way])
        except Exception as exc:  # Anything else than our errors is a failure too, and no reason to stop.
            found = [f"{type(exc).__name__}: {exc}"]
        else:
            found = compare(outcome.result, recording, outcome.came)
        failures += [f"({way}) {line}" for line in found]
    return Verdict(recording.name, failures)


async def check_request(recording: Recording) -> Verdict:
    """Rebuild one request."""
    try:
        cause = await rebuild(recording)
    except Exception as exc:  # As above.
        cause = f"{type(exc).__name__}: {exc}"
    return Verdict(recording.name, [cause] if cause else [])


CHECKS = {False: check_answer, True: check_request}


async def check(folder: Path, *, requests: bool) -> AsyncGenerator[Verdict, None]:
    """A verdict for each exchange under ``folder``, whatever the folders in it are called."""
    for name, recording in exchanges(folder):
        if isinstance(recording, str):
            yield Verdict(name, [recording])
        elif requests and not recording.request.recorded:
            continue
        elif name in EXCEPTIONS and not requests:
            print(f"EXCEPTED {name}: {EXCEPTIONS[name]}")
        else:
            yield await CHECKS[requests](recording)


def exchanges(folder: Path) -> Iterator[tuple[str, Recording | str]]:
    """Every exchange under ``folder``, or what is wrong with its file. JSON that is no exchange is left out."""
    for path in sorted(folder.rglob("*.json")):
        try:
            entry = json.loads(path.read_bytes())
            if is_exchange(entry):
                yield path.stem, read(path.stem, entry)
        except (ValueError, KeyError, TypeError) as exc:
            yield path.stem, f"cannot be read: {type(exc).__name__}: {exc}"


async def run(folder: Path, *, requests: bool) -> int:
    """Print what failed, why and how much; the exit code."""
    passed = failed = 0
    causes: Counter[str] = Counter()
    async for verdict in check(folder, requests=requests):
        passed, failed = passed + (not verdict.failures), failed + bool(verdict.failures)
        causes.update(line.partition(":")[0] for line in verdict.failures[:1])
        for line in verdict.failures:
            print(f"FAILED {verdict.name}: {line}")
    if requests:
        for cause, count in causes.most_common():
            print(f"{count:5} {cause}")
    print(f"{passed} passed, {failed} failed")
    if not passed and not failed:
        return 2
    return int(passed < REACHED * (passed + failed) if requests else failed > 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="replay.py", description="Replays recorded exchanges with model providers.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the exchanges are, in folders or not")
    parser.add_argument("--requests", action="store_true", help="rebuild the recorded requests instead")
    options = parser.parse_args(arguments)
    return asyncio.run(run(options.folder, requests=options.requests))


if __name__ == "__main__":
    sys.exit(main())
