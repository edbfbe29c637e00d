"""Stands in for pip: ``fake_pip.py WAREHOUSE download ... --dest FOLDER REQUIREMENT`` copies a wheel from a folder.

It writes what it was asked into ``asked.txt`` there. A file ``fails`` in the folder is what it says before it fails,
and one named ``hangs`` keeps it from ever ending.
"""

import shutil
import sys
import time
from pathlib import Path


def main() -> int:
    """Do what pip would."""
    warehouse, arguments = Path(sys.argv[1]), sys.argv[2:]
    with (warehouse / "asked.txt").open("a") as asked:
        asked.write(" ".join(arguments) + "\n")
    if (warehouse / "fails").exists():
        print((warehouse / "fails").read_text(), file=sys.stderr)
        return 1
    name = arguments[-1].replace("==", "-")
    wheel = warehouse / f"{name}-py3-none-any.whl"
    size = wheel.stat().st_size
    print(f"Collecting {arguments[-1]}")
    print(f"Progress 0 of {size}", flush=True)
    while (warehouse / "hangs").exists():
        time.sleep(0.01)
    shutil.copy(wheel, arguments[arguments.index("--dest") + 1])
    print(f"Progress {size} of {size}\nSaved {wheel.name}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
