"""Judges whether an answer is what the output must be."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ...bus.event import Event
from ...events.content import Refusal, ToolResult, user
from ...events.control import MessageInjected
from ...events.fault import Fault
from ...events.human import ApprovalDecided, ApprovalRequested
from ...events.output import OutputRejected
from ...events.run import RunFinished
from ...events.state import RunState
from ...events.tool import ToolRequested
from ...events.turn import TurnFinished
from ...tools.errors import InvalidOutput
from ...tools.final_answer import FINAL_ANSWER
from ...tools.output import OutputType
from ..outcome import finished
from ..scope import RunScope

GoOn = Callable[[TurnFinished, RunScope], Awaitable[Event | None]]

_CUT = frozenset({"length", "content_filter"})
"""Replies that were not written to their end, of which nothing is parsed."""


class Wrong(NamedTuple):
    """An answer that is not what it must be; ``call_id`` where it was a call, whose result says so already."""

    reason: str
    call_id: str = ""


class Judge:
    """Ends the run with an answer of the output's type; one of another type is sent back, ``retries`` times at most.

    Hears TurnFinished; causes RunFinished when there is an answer, or when too many were wrong, and else what ``go_on``
    causes. Before that it appends OutputRejected for a wrong answer and, if that was in words, MessageInjected with
    what is wrong and ``again``.
    """

    def __init__(self, output: OutputType[Any], retries: int, again: str, go_on: GoOn) -> None:
        self._output = output
        self._retries = retries
        self._again = again
        self._go_on = go_on

    async def __call__(self, event: TurnFinished, run: RunScope) -> Event | None:
        state = run.state
        if state.transcript.injected or (event.final and state.stop in _CUT):
            return await self._go_on(event, run)
        refusal = _refusal(state) if event.final else None
        if refusal is not None:
            return finished(state, "failed", error=Fault("ModelRefused", refusal, "model"))
        verdict = self._in_words(state) if event.final else self._in_calls(event, run)
        if isinstance(verdict, RunFinished):
            return verdict
        if verdict is not None and self._reject(verdict, event, run):
            return _given_up(state, verdict)
        return await self._go_on(event, run)

    def _in_words(self, state: RunState) -> RunFinished | Wrong:
        try:
            return _answered(state, self._output.read(state.transcript.messages[-1].text))
        except InvalidOutput as error:
            return Wrong(str(error))

    def _in_calls(self, event: TurnFinished, run: RunScope) -> RunFinished | Wrong | None:
        """What the first right call of ``final_answer`` says; else what is wrong with the first wrong one."""
        wrong = None
        for result in _answers(run.state):
            if result.outcome == "ok":
                return _answered(run.state, self._output.check(_arguments(result.call_id, event.seq, run)))
            if result.outcome == "error":
                wrong = wrong or Wrong(result.output, result.call_id)
        return wrong

    def _reject(self, wrong: Wrong, event: TurnFinished, run: RunScope) -> bool:
        """Say what is wrong; whether that was once too often."""
        run.append(OutputRejected(turn=event.turn, reason=wrong.reason, call_id=wrong.call_id), event.seq)
        if run.state.rejected > self._retries:
            return True
        if not wrong.call_id:
            words = user(f"{wrong.reason}\n\n{self._again}")
            run.append(MessageInjected(message=words, author="loopbus"), event.seq)
        return False


def _answered(state: RunState, answer: object) -> RunFinished:
    return finished(state, "completed").model_copy(update={"output": answer})


def _given_up(state: RunState, wrong: Wrong) -> RunFinished:
    count = "1 answer was" if state.rejected == 1 else f"{state.rejected} answers were"
    fault = Fault("InvalidOutput", f"{count} not what the output must be; last: {wrong.reason}", "model")
    end = finished(state, "failed", error=fault)
    sent = [call for call in state.batch[0] if call.call_id == wrong.call_id] if state.batch else []
    return end.model_copy(update={"output": sent[0].arguments}) if sent else end


def _refusal(state: RunState) -> str | None:
    """The model's words for not answering, if that is what it did."""
    message = state.transcript.messages[-1]
    words = "".join(block.text for block in message.content if isinstance(block, Refusal))
    if words or state.stop == "refusal":
        return words or message.text or "the model refused to answer"
    return None


def _answers(state: RunState) -> list[ToolResult]:
    """The results of the calls of ``final_answer`` in the turn that is over, in the model's order."""
    results = state.transcript.messages[-1].tool_results
    return [result for result in results if result.name == FINAL_ANSWER]


def _arguments(call_id: str, before: int, run: RunScope) -> object:
    """What a call was made with in the end: policies and people may have changed what the model wrote."""
    while True:
        before -= 1
        match run.event(before):
            case ToolRequested() as request if request.call_id == call_id:
                return request.arguments
            case ApprovalDecided() as decided if decided.call_id == call_id and decided.arguments is not None:
                return decided.arguments
            case ApprovalRequested() as asked if asked.call_id == call_id:
                return asked.arguments
            case _:
                pass
