"""Builds the terminal event of a run from its state."""

from ..events.content import Refusal
from ..events.fault import Fault
from ..events.run import RunFinished, Status
from ..events.state import RunState


def finished(state: RunState, status: Status, reason: str = "", error: Fault | None = None) -> RunFinished:
    """The terminal event; its output is the last words of the model, whole or not."""
    return RunFinished(
        status=status,
        reason=reason or (error.message if error else ""),
        output=_last_words(state),
        error=error,
        usage=state.usage,
        turns=state.turn,
    )


def _last_words(state: RunState) -> str:
    for message in reversed(state.transcript.messages):
        if message.role == "user":
            break
        if message.role == "assistant":
            refusals = "".join(block.text for block in message.content if isinstance(block, Refusal))
            words = message.text or refusals
            if words:
                return words
    return ""
