"""Asks the person at the terminal about a tool call."""

from ..events.human import ApprovalRequested
from ..handlers.observers.terminal.progress import call_words
from ..runtime.run import Run
from .keyboard import Keyboard, is_yes

_NOBODY = "nobody is at the terminal to approve it; --yes approves every call"


class Approvals:
    """Decides about calls that wait for a person: all at once with ``yes``, else by asking.

    Where stdin or stderr is no terminal there is nobody to ask, and the call is rejected with words that say so; or,
    where ``can_wait``, left to whoever decides later.
    """

    def __init__(self, *, yes: bool, keyboard: Keyboard | None = None, can_wait: bool = False) -> None:
        self._yes = yes
        self._keyboard = keyboard or Keyboard()
        self._can_wait = can_wait

    async def __call__(self, run: Run, event: ApprovalRequested) -> None:
        if self._yes:
            await run.decide(event.call_id, approve=True, author="--yes")
        elif not self._keyboard.is_attended:
            if not self._can_wait:
                await run.decide(event.call_id, approve=False, author="loopbus", reason=_NOBODY)
        else:
            await self._ask(run, event)

    async def _ask(self, run: Run, event: ApprovalRequested) -> None:
        choice = "y/N/later" if self._can_wait else "y/N"
        answer = await self._keyboard.ask(f"Approve {call_words(event.name, event.arguments)}? [{choice}] ")
        if is_yes(answer):
            await run.decide(event.call_id, approve=True, author="user")
        elif not (self._can_wait and _is_later(answer)):
            await run.decide(event.call_id, approve=False, author="user", reason="the user said no")


def _is_later(answer: str | None) -> bool:
    """The end of input is no decision, where one may be made at another time."""
    return answer is None or answer.strip().lower() in ("l", "later")
