"""Replays a folder of recorded exchanges: ``python tests/wire/replay.py DIR [--requests]``; see ``replaying.py``."""

import importlib.util
import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    python = ROOT / ".venv" / "bin" / "python"
    if importlib.util.find_spec("loopbus") is None and python.exists():
        os.execv(python, [str(python), *sys.argv])
    # As a script it stands in no package; as a module of ``tests`` it finds its neighbours like any test.
    sys.path[0] = str(ROOT)
    runpy.run_module("tests.wire.replaying", run_name="__main__")
