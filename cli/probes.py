"""The small questions that show whether a model can do what an agent needs of it."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, cast

import anyio

from ..backends.contract import Backend, Capabilities, OutputSpec, Reply, Request, TextPiece
from ..backends.errors import BackendError, Broken, Busy, Incomplete, Misunderstood, NotConfigured, Refused
from ..backends.fold import ReplyFold
from ..events.content import Text, ToolCall, user
from ..events.usage import NO_USAGE, Usage
from ..tools.decorator import tool

Status = Literal["ok", "failed", "skipped"]
EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went: what was seen, or what is wrong, and then what to do about it."""

    step: str
    status: Status
    said: str
    advice: str = ""
    elapsed_s: float = 0.0
    usage: Usage = NO_USAGE
    error: str = ""
    """The name of the error's class."""
    missing: bool = False
    """A key, an extra or the like is missing on our side."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply, how many pieces its text came in, and when the first of them came."""

    reply: Reply
    pieces: int
    first_s: float

    @property
    def text(self) -> str:
        """What it says in words."""
        return "".join(block.text for block in self.reply.content if isinstance(block, Text))


class Unmet(Exception):
    """The answer is not what was asked for: what it is instead, and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question. ``lacks`` says why a model is not asked, if it is not; ``read`` what is good about an answer.

    ``refused`` is what to do where the provider refuses this question, having answered the first.
    """

    name: str
    request: Request
    read: Callable[[Answer], str]
    lacks: Callable[[Capabilities], str] = lambda can: ""
    refused: str = ""


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"sum": {"type": "integer"}},
    "required": ["sum"],
    "additionalProperties": False,
}


def _read_words(answer: Answer) -> str:
    return f"answered {_cut(answer.text)}"


def _read_stream(answer: Answer) -> str:
    if not answer.text:
        raise Unmet("no text came", "use Agent(..., streaming=False), or another model")
    if answer.pieces == 1:
        return "the text came in one piece: the server, or a proxy before it, holds it back"
    return f"{answer.pieces} pieces, the first after {answer.first_s:.1f} s"


def _read_call(answer: Answer) -> str:
    call = next((block for block in answer.reply.content if isinstance(block, ToolCall)), None)
    advice = "choose a model that was trained to call tools"
    if call is None:
        raise Unmet(f"it called no tool and answered {_cut(answer.text)}", advice)
    if call.malformed is not None:
        raise Unmet(f"the arguments of its call are no JSON object: {_cut(call.malformed)}", advice)
    written = f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})"
    if call.name != add.name or any(type(call.arguments.get(name)) is not int for name in ("a", "b")):
        raise Unmet(f"it called {_cut(written)} instead of add(a=17, b=25)", advice)
    return f"called {written}"


def _read_output(answer: Answer) -> str:
    try:
        value = cast("object", json.loads(answer.text))
    except ValueError:
        value = None
    if not isinstance(value, dict) or type(cast("dict[str, object]", value).get("sum")) is not int:
        advice = "Agent(output=...) still works: it sends such answers back, which costs further calls"
        raise Unmet(f"{_cut(answer.text)} is not what the schema asks for", advice)
    return f"answered {_cut(answer.text)}"


STEPS: tuple[Step, ...] = (
    Step("sign-in", Request([user("Answer with one word: ready")], streaming=False), _read_words),
    Step(
        "streaming",
        Request([user("Write the numbers from one to ten as words.")]),
        _read_stream,
        lambda can: "" if can.streaming else "this model gives each answer whole",
        "use Agent(..., streaming=False)",
    ),
    Step(
        "tool call",
        Request([user("What is 17 + 25? Call the tool add to find out.")], tools=[add]),
        _read_call,
        lambda can: "" if can.tools else "this provider's models call no tools",
        "choose a model that calls tools, or an agent without any",
    ),
    Step(
        "structured output",
        Request([user("What is 17 + 25? Answer in JSON.")], output=OutputSpec("answer", SCHEMA)),
        _read_output,
        lambda can: "" if can.output else "not claimed: Agent(output=...) asks by a tool call, or in words",
        "choose a model that takes a schema; with another, give the agent no output=",
    ),
)
ADVICE: Mapping[type[BackendError], str] = {
    NotConfigured: "",
    Refused: "",
    Busy: "wait, or look at the limits of this key",
    Misunderstood: "what answers is not what the model's name says: check the base URL",
    Incomplete: "ask again; if it goes on, the server or a proxy before it cuts streams short",
    Broken: "ask again; if it goes on, look at the provider's status page, or at the server's log",
    BackendError: "",
}
"""What to do, where the error itself does not say; the first that fits counts."""


async def probe(backend: Backend, timeout_s: float) -> AsyncGenerator[Outcome, None]:
    """Take the steps one after the other, each with ``timeout_s`` seconds; after a failed sign-in none is left."""
    signed_in = True
    for step in STEPS:
        if not signed_in:
            yield Outcome(step.name, "skipped", "there was no answer to sign-in")
        elif lacking := step.lacks(backend.capabilities):
            yield Outcome(step.name, "skipped", lacking)
        else:
            outcome = await _take(step, backend, timeout_s)
            signed_in = signed_in and (step is not STEPS[0] or outcome.status == "ok")
            yield outcome


async def _take(step: Step, backend: Backend, timeout_s: float) -> Outcome:
    began = perf_counter()
    fold = ReplyFold()
    try:
        with anyio.fail_after(timeout_s):
            said = step.read(await _ask(backend, step.request, fold))
    except Exception as error:
        said, advice = _explain(step, error, timeout_s)
        missing = isinstance(error, NotConfigured)
        name = type(error).__name__
        return Outcome(step.name, "failed", said, advice, perf_counter() - began, fold.usage, name, missing)
    return Outcome(step.name, "ok", said, elapsed_s=perf_counter() - began, usage=fold.usage)


def _explain(step: Step, error: Exception, timeout_s: float) -> tuple[str, str]:
    """What is wrong, and what to do."""
    match error:
        case Unmet(args=(said, advice)):
            return said, advice
        case Refused() if step.refused:
            return str(error), step.refused
        case BackendError():
            return str(error), next(advice for kind, advice in ADVICE.items() if isinstance(error, kind))
        case TimeoutError():
            return f"no answer within {timeout_s:g} s", "give it more time with --timeout"
        case _:
            return f"{type(error).__name__}: {error}", "mend the backend: it is to raise no other than a BackendError"


async def _ask(backend: Backend, request: Request, fold: ReplyFold) -> Answer:
    began = perf_counter()
    pieces, first_s = 0, 0.0
    async with aclosing(backend.stream(request)) as deltas:
        async for delta in deltas:
            fold.add(delta)
            if isinstance(delta, TextPiece) and delta.text:
                first_s = first_s or perf_counter() - began
                pieces += 1
    return Answer(fold.reply(), pieces, first_s)


def _cut(text: str) -> str:
    return repr(text if len(text) <= EXCERPT else f"{text[:EXCERPT]}...")
