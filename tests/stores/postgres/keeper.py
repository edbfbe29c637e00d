"""Starts a Postgres server and stops it when nobody is left who wants it; the tests run it as a process of its own.

``keeper.py FOLDER BIN`` says ``ready``, or why not, and goes on in the background until the last one who has
``FOLDER/alive`` open for writing is gone, however it went. Then nothing is left, not even the folder.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

FAST = ("-F", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "listen_addresses=")
"""Nothing here is kept beyond the tests, so nothing is synced; and nobody comes in but through the folder."""


def main(folder: Path, programs: Path) -> None:
    """Start, say so, stay."""
    alive = os.open(folder / "alive", os.O_RDONLY)
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        sys.stdout.buffer.write(b"".join(iter(lambda: os.read(told, 65_536), b"")))
        sys.stdout.flush()
        return
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    try:
        server = start(folder, programs)
    except Exception as error:
        os.write(tell, f"{error}".encode())
        shutil.rmtree(folder)
        return
    os.write(tell, b"ready")
    os.close(tell)
    while os.read(alive, 1):
        pass
    server.send_signal(signal.SIGQUIT)
    server.wait()
    shutil.rmtree(folder)


def start(folder: Path, programs: Path) -> "subprocess.Popen[Any]":
    """A server that has just begun to listen in the folder."""
    as_user = as_somebody(folder)
    data = folder / "server" / "data"
    data.parent.mkdir()
    if as_user:
        os.chown(data.parent, pwd.getpwnam(as_user["user"]).pw_uid, -1)
        programs = reachable(programs, folder, as_user)
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "loopbus", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        capture_output=True, text=True, check=False, cwd=data.parent, **as_user,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(made.stderr)
    with (folder / "log").open("wb") as log:
        command = [programs / "postgres", "-D", data, "-k", folder / "server", *FAST]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=data.parent, **as_user)
    pid_file = data / "postmaster.pid"
    while server.poll() is None:
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return server
        signal.sigtimedwait([signal.SIGCHLD], 0.01)
    raise RuntimeError((folder / "log").read_text())


def as_somebody(folder: Path) -> dict[str, Any]:
    """Postgres refuses to run as root, so then it runs as somebody who may do nothing."""
    if os.getuid():
        return {}
    folder.chmod(0o755)
    return {"user": "nobody", "extra_groups": []}


def reachable(programs: Path, folder: Path, as_user: dict[str, Any]) -> Path:
    """The programs where that somebody can run them: a checkout may lie where only its owner can look."""
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user)
    except PermissionError:
        return copied(programs, folder / "copy")
    return programs


def copied(programs: Path, folder: Path) -> Path:
    """A copy of the wheel's package, and of the libraries beside it, which its programs look for there."""
    package = programs.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, folder / part.name)
        (folder / part.name).chmod(0o755)
    return folder / programs.relative_to(package.parent)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
