"""What a user's first minute needs of the installed wheel, with no extra and no checkout in sight.

Run it with the Python of a clean environment, from an empty folder.
"""

import importlib.metadata
import subprocess
import sys
import sysconfig
from pathlib import Path

import loopbus
from loopbus import Agent, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import ToolFinished


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


def check_the_install() -> None:
    """The package comes from the environment, typed, with its console script."""
    package = Path(str(loopbus.__file__)).parent
    assert package.is_relative_to(sysconfig.get_path("purelib")), f"loopbus comes from {package}, not from the wheel"
    assert (package / "py.typed").is_file(), "the wheel holds no py.typed: type checkers will ignore its annotations"
    (script,) = importlib.metadata.distribution("loopbus").entry_points.select(group="console_scripts")
    assert script.value == "loopbus.cli:main"


def check_the_command() -> None:
    """Without its extra, the command says in one line which one it wants."""
    command = Path(sys.executable).parent / "loopbus"
    done = subprocess.run([command, "run", "hello"], capture_output=True, text=True, check=False, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode != 0, "the command cannot work without its extra, and says that it did"
    assert "loopbus[cli]" in said, f"the command should name its extra; it said: {said}"
    assert "Traceback" not in said, f"the command should say so in words, not as a traceback: {said}"


def check_a_run() -> None:
    """A scripted model calls a tool and reads its result."""
    agent = Agent(Scripted([call("add", a=17, b=25), text("42")]), instructions="Use tools.", tools=[add])
    result = agent.run_sync("What is 17 + 25?")
    assert (result.status, result.output) == ("completed", "42"), result
    assert ToolFinished.__module__.startswith("loopbus.events")


def main() -> None:
    """Run every check."""
    assert not list(Path.cwd().iterdir()), f"run this from an empty folder, not from {Path.cwd()}"
    check_the_install()
    check_a_run()
    check_the_command()
    print(f"loopbus {importlib.metadata.version('loopbus')} works from its wheel alone")


if __name__ == "__main__":
    main()
