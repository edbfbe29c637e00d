"""What there is to do about a run that is suspended: the commands to type."""

from shlex import quote

from ..events.human import ApprovalRequested
from ..handlers.observers.terminal.progress import call_words, shown
from ..runtime.run import Run
from .stores import to_type

ANY_AGENT = "--agent MODULE:NAME"
"""The option for an agent that is not known here."""


def what_to_do(run: Run, store: str, agent: str = ANY_AGENT) -> str:
    """Which calls of a suspended run wait for whom, how to decide about them, and how to go on with that ``agent``."""
    waiting = [_decision(asked, run.id, store) for asked in run.state.waiting.values()]
    head = f"run {run.id} is suspended" + (" and waits for a decision:" if waiting else "; to go on:")
    return "\n".join([head, *waiting, f"  {resume_command(run.id, store, agent)}"])


def resume_command(run_id: str, store: str, agent: str = ANY_AGENT) -> str:
    """How to go on with a run."""
    return f"loopbus resume {quote(run_id)}{to_type(store)} {agent}"


def _decision(asked: ApprovalRequested, run_id: str, store: str) -> str:
    call = f"  {call_words(asked.name, asked.arguments)}, asks {shown(asked.approver or 'a person', 64)}"
    return f"{call}\n  loopbus decide {quote(run_id)} {quote(asked.call_id)} --approve{to_type(store)}"
