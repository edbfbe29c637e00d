"""An agent, and the doors to run it without a runtime of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..events.content import Message
from ..handlers.limits import Limits
from .default import default_runtime, run_in_new_loop
from .result import RunResult
from .spec import AgentSpec, OutputT


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Agent(AgentSpec[OutputT]):
    """A frozen description of an agent; one object serves any number of concurrent runs.

    ``model`` is a name such as ``"local"`` or ``"openai:gpt-5.2"``, or a ``Backend`` object, which the caller closes.
    ``instructions`` is a text, or a function that gives one, sync or async, of the run's ``deps`` or of nothing; it is
    asked at every turn. ``tools`` are functions or ``Tool`` objects. ``result_bytes`` is how much of a tool's result
    the model is shown.

    ``output`` is the type of the answer: anything that pydantic knows, or a text where it is left out. ``output_mode``
    is how the model is asked for it: held to a JSON schema by its provider (``native``), by a call of ``final_answer``
    (``tool``), or in words (``prompt``); ``auto`` takes the first that its backend can. An answer of another type is
    sent back with what is wrong, ``output_retries`` times at most.

    What is done when the model fails: ``retry`` decides about asking it again (``RetryPolicy(...)``; None is three
    times for a model's name, once for a ``Backend`` object), ``fallback`` are the models that are asked then,
    ``compaction`` shortens a conversation that is too long for it (``KeepLatest()``), ``timeouts`` bounds each reply,
    and ``hedge_s`` is after how many seconds without an answer it is asked a second time, for the faster of the two.

    :raises BadOutputType: no model can be asked for this type of output; says why.
    :raises BadTool: a function cannot be a tool; says which parameter is the reason.
    :raises DuplicateTool: two tools have one name.
    :raises BadInput: anything else is not what it must be.
    """

    async def run(
        self,
        prompt: str | Message,
        *,
        messages: Sequence[Message] = (),
        session: str | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> RunResult[OutputT]:
        """Run to the end on this event loop's default runtime and return the result.

        ``messages`` is a conversation to continue, such as an earlier ``result.messages``; ``session`` names one that
        the runtime keeps. Cancelling this cancels the run.

        :raises RunFailed, RunCancelled, LimitReached: it did not complete; each carries the partial ``result``.
        """
        runtime = await default_runtime()
        return await runtime.run(self, prompt, messages=messages, session=session, deps=deps, limits=limits)

    def run_sync(
        self,
        prompt: str | Message,
        *,
        messages: Sequence[Message] = (),
        deps: Any = None,
        limits: Limits | None = None,
    ) -> RunResult[OutputT]:
        """The same for code without an event loop.

        :raises InsideLoop: an event loop runs here already; await ``run`` instead.
        """
        return run_in_new_loop(lambda: self.run(prompt, messages=messages, deps=deps, limits=limits))
