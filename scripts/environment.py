"""Make a virtual environment and install into it: with uv where it is on the PATH, else with venv and pip.

Needs nothing but Python. Running it again on the same folder brings the environment up to date.
"""

from __future__ import annotations  # an older Python must get far enough to say that it is too old

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the environment stands")
    parser.add_argument("requirement", help="what to install, as pip writes it")
    parser.add_argument("--editable", action="store_true", help="link to the source of what is installed")
    parser.add_argument("--group", help="a dependency group of pyproject.toml to install beside it")
    parser.add_argument("--fresh", action="store_true", help="start from an empty folder")
    return parser.parse_args()


def create(folder: Path, uv: str | None) -> list[str]:
    """Make the environment, with pip in it, and return the command that installs into it."""
    python = str(folder / "bin" / "python")
    if uv:
        run(uv, "venv", "--quiet", "--seed", "--allow-existing", "--python", sys.executable, str(folder))
        return [uv, "pip", "install", "--quiet", "--python", python]
    # The pip that comes with Python 3.11 is too old to know dependency groups.
    run(sys.executable, "-m", "venv", "--upgrade-deps", str(folder))
    return [python, "-m", "pip", "install", "--quiet", "--quiet"]


def run(*command: str) -> None:
    """Run ``command`` at the checkout's root; its failure ends this script with its exit code."""
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Do what the command line says."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"loopbus needs Python 3.11 or later and this is {found}: try `make PYTHON=python3.11 ...`")
    arguments = parse_arguments()
    uv = shutil.which("uv")
    print(f"Installing {arguments.requirement} into {arguments.folder} with {'uv' if uv else 'pip'}", flush=True)
    folder: Path = arguments.folder.resolve()
    if arguments.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    wanted = ["--editable", arguments.requirement] if arguments.editable else [arguments.requirement]
    group = ["--group", arguments.group] if arguments.group else []
    run(*create(folder, uv), "--constraint", "constraints.txt", *wanted, *group)


if __name__ == "__main__":
    main()
