"""Build the sdist and, from it, the wheel; then hold the wheel against the source: nothing missing, nothing extra.

Runs in the development environment, which holds ``build`` and ``setuptools``.
"""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def source_files() -> set[str]:
    """Every file that the wheel must hold, as the wheel names it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        packages: list[str] = tomllib.load(file)["tool"]["setuptools"]["packages"]
    folders = [ROOT.joinpath(*package.split(".")[1:]) for package in packages]
    modules = {module for folder in folders for module in folder.glob("*.py")}
    return {f"loopbus/{path.relative_to(ROOT).as_posix()}" for path in (*modules, ROOT / "py.typed")}


def build(folder: Path) -> Path:
    """Build both into an emptied ``folder`` and return the wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    # Without isolation: the editable install has proved the build requirements, in an environment of its own.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout)
    (wheel,) = folder.glob("*.whl")
    return wheel


def main() -> None:
    """Build into the folder that the command line names, and compare."""
    wheel = build(Path(sys.argv[1]).resolve())
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = source_files()
    complaints = [f"not in the wheel: {name}" for name in sorted(wanted - packed)]
    complaints += [f"in the wheel, not in the source: {name}" for name in sorted(packed - wanted)]
    if complaints:
        sys.exit("\n".join(complaints))
    print(f"{wheel.name}: {len(packed)} files, as in the source")


if __name__ == "__main__":
    main()
