"""Lines that a person types, or that a script pipes in."""

import asyncio
import os
import signal
import sys
from contextlib import suppress

import anyio

from ..handlers.printable import printable

_PIECE = 65536


class Keyboard:
    """Asks on stderr and reads the answer from stdin, one question at a time.

    Waiting for an answer can be cancelled, and holds no thread.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._typed = b""

    @property
    def is_attended(self) -> bool:
        """Whether a person sees the questions and can answer them."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    async def ask(self, question: str, default: str = "") -> str | None:
        """The line that answers a question, which a person finds filled in with ``default``; None at the end of input.

        Ctrl-C at the question is that of the program, and this never returns.
        """
        async with self._turn:
            return await (self._prompt(question, default) if self.is_attended else self._read(question))

    async def _prompt(self, question: str, default: str) -> str | None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.output import create_output

        session: PromptSession[str] = PromptSession(output=create_output(sys.stderr))
        try:
            return await session.prompt_async(printable(question), default=default, handle_sigint=False)
        except EOFError:
            return None
        except KeyboardInterrupt:
            # The key was read here and never became a signal, as which it is dealt with everywhere else.
            signal.raise_signal(signal.SIGINT)
            await anyio.sleep_forever()
            raise

    async def _read(self, question: str) -> str | None:
        """The next line, repeated behind its question, so that what is on stderr can be read as a conversation."""
        line = await self._line()
        shown = "(end of input)" if line is None else printable(line)
        print(f"{printable(question)}{shown}", file=sys.stderr, flush=True)
        return line

    async def _line(self) -> str | None:
        stdin = sys.stdin.fileno()
        while b"\n" not in self._typed:
            # A file cannot be waited for, and keeps nobody waiting.
            with suppress(OSError):
                await anyio.wait_readable(stdin)
            piece = os.read(stdin, _PIECE)
            if not piece:
                break
            self._typed += piece
        if not self._typed:
            return None
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


def is_yes(answer: str | None) -> bool:
    """Whether a question was agreed to: anything but yes is no, the end of input too."""
    return (answer or "").strip().lower() in ("y", "yes")
