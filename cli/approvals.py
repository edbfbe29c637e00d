"""Asks the person at the terminal about a tool call."""

import signal
import sys

import anyio

from ..events.human import ApprovalRequested
from ..handlers.observers.terminal.progress import call_words
from ..runtime.run import Run

_NOBODY = "nobody is at the terminal to approve it; --yes approves every call"


class Approvals:
    """Decides about calls that wait for a person: all at once with ``yes``, else by asking.

    Where stdin or stderr is no terminal there is nobody to ask, and the call is rejected with words that say so.
    """

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes

    async def __call__(self, run: Run, event: ApprovalRequested) -> None:
        if self._yes:
            await run.decide(event.call_id, approve=True, author="--yes")
        elif not (sys.stdin.isatty() and sys.stderr.isatty()):
            await run.decide(event.call_id, approve=False, author="loopbus", reason=_NOBODY)
        elif await _ask(event):
            await run.decide(event.call_id, approve=True, author="user")
        else:
            await run.decide(event.call_id, approve=False, author="user", reason="the user said no")


async def _ask(event: ApprovalRequested) -> bool:
    """Put the question on stderr; anything but yes is no."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.output import create_output

    session: PromptSession[str] = PromptSession(output=create_output(sys.stderr))
    question = f"Approve {call_words(event.name, event.arguments)}? [y/N] "
    try:
        answer = await session.prompt_async(question, handle_sigint=False)
    except EOFError:
        return False
    except KeyboardInterrupt:
        # The key was read here and never became a signal, as which it is dealt with everywhere else.
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()
        raise
    return answer.strip().lower() in ("y", "yes")
