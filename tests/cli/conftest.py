"""A folder with a module of the user's, and the command run in it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from loopbus.cli import main

SHOP = '''
import anyio
from loopbus import Agent, tool
from loopbus.backends import Scripted, call, fail, reply, text
from loopbus.backends.errors import Busy
from loopbus.events import Usage

@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b

@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Give money back."""
    return f"refunded {usd}"

@tool
async def stubborn() -> str:
    """Ends only when it wants to."""
    while not free:
        try:
            await anyio.sleep(0.05)
        except BaseException:
            pass
    return "at last"

def plain(x: int) -> int:
    return x

free = False
tools = [add, refund]
number = 7
USAGE = Usage(10, 5)
adds = Scripted([reply("Let me see.", call("add", a=17, b=25), usage=USAGE), reply("It is 42 €.", usage=USAGE)],
                per_run=True, stream="words")
whole = Scripted(["It is 42."])
fails = Scripted([fail(Busy("try later"), "half of ")] * 9)
cut = Scripted([reply("half an ans", stop="length")] * 9)
pays = Scripted([call("refund", usd=20), text("done")], per_run=True)
pays_twice = Scripted([call("refund", usd=1), call("refund", usd=2), text("done")], per_run=True)
talks = Scripted(["word " * 5000], stream="words", piece_delay_s=0.01)
hangs = Scripted([call("stubborn"), text("done")], per_run=True)
echoes = Scripted(lambda request: request.messages[-1].text or "nothing")
evil = Scripted(["\\x1b[2Jboo"])
clerk = Agent(adds, tools=[add], name="clerk")
cook = Agent(adds, tools=[add], name="cook")
banker = Agent(pays, tools=[refund], name="banker")
class namespace:
    model = adds
'''


class Done(NamedTuple):
    """How the command ended, and what it wrote."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with the module ``shop`` in it."""
    (tmp_path / "shop.py").write_text(SHOP, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("LOOPBUS_MODEL", raising=False)
    monkeypatch.delenv("LOOPBUS_STORE", raising=False)
    yield tmp_path
    sys.modules.pop("shop", None)


@pytest.fixture
def loopbus(shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command in this process."""

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        said = capsys.readouterr()
        return Done(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def process(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.Popen[bytes]]:
    """Start the command in a process of its own, which buffers its output as usual."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)

    def start(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        command = [sys.executable, "-m", "loopbus.cli", *arguments]
        return subprocess.Popen(command, cwd=shop, **{**pipes, **options})  # pyright: ignore[reportCallIssue,reportArgumentType]

    return start
