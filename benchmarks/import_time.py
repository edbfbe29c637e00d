"""What ``import loopbus`` costs, beside the import of what it cannot do without."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, interleave

LEAST_ROUNDS = 11
FLOOR = "import pydantic, anyio, structlog"
IMPORTS = {"import loopbus": Target("ratio", 1.3), "from loopbus import Agent, Runtime, tool": None}
"""The first loads next to nothing, because a name is loaded on first use; the second says what that use costs."""
CHILD = "import time; began = time.process_time(); {}; print(time.process_time() - began)"


def figures(effort: Effort) -> list[Figure]:
    """The CPU of one import, each time in a fresh process that finds compiled code."""
    effort = Effort(max(effort.rounds, LEAST_ROUNDS) if effort.scale >= 1 else effort.rounds, effort.scale)
    with tempfile.TemporaryDirectory() as cache:
        samples = {statement: _imported(statement, Path(cache)) for statement in (*IMPORTS, FLOOR)}
        taken = asyncio.run(interleave(samples, effort))
    return [
        figure(statement, "ms", Pairs(taken[statement], taken[FLOOR]), target, per_second=1_000)
        for statement, target in IMPORTS.items()
    ]


def _imported(statement: str, cache: Path) -> Sample:
    """The first sample compiles into ``cache``, where the others find it, whatever the environment says of that."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-X", f"pycache_prefix={cache}", "-c", CHILD.format(statement)]

    async def sample() -> float:
        child = await asyncio.create_subprocess_exec(*command, cwd=cache, env=environment, stdout=subprocess.PIPE)
        said, _ = await child.communicate()
        return float(said)

    return sample
