"""Compares what a backend made of a recorded answer with what the provider's own client made of it.

``expected`` holds the values of the wire; this is the documented mapping from those to ours:

===================  ====================================================================================
``text``             every ``Text`` block, joined
``tool_calls``       name and arguments of every ``ToolCall``; a legacy ``function_call`` counts as one
``stop_reason``      ``Reply.raw_stop``, the provider's own word, which the client may overlook; ``BackendError.code``
                     where that word says that the answer came to nothing, or is not there yet. Without a
                     word an answer is not over: any error says so, but for one that it was not understood
``thinking_text``    every ``Thinking`` block, joined, without white space; Cohere's ``tool_plan`` is thinking too
``refusal``          every ``Refusal`` block, joined; one that the client overlooks must stand in the body
``usage``            ``COUNTING`` says what a wire counts beside what we count inside; not reported is 0, unless
                     the body holds a count of reasoning or of a cache's filling that the client does not know
``error.status``     ``BackendError.status``; ``None`` for an error that is told inside a stream
``error.type/code``  ``BackendError.code`` is one of the two
``error.message``    stands in the text of our error, what looks like part of a key masked
``retry_after``      ``Busy.retry_after_s``, where the provider sent the header
===================  ====================================================================================
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from loopbus.backends.contract import Reply
from loopbus.backends.errors import BackendError, Misunderstood
from loopbus.backends.wire.account import Account
from loopbus.events.content import Block, Refusal, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from ..backends.recorded import Recording

LONGEST_SHOWN = 160
LONGEST_MESSAGE = 2000
"""How much of a provider's words an error of ours repeats."""

EXCEPTIONS: Mapping[str, str] = {}
"""Recordings that are not compared, each with its reason. At most five."""


Pair = tuple[object, object]
"""What was expected, and what came."""


class Counting(NamedTuple):
    """What a wire counts beside its input or its output, where we count it inside."""

    cache_beside_input: bool = False
    reasoning_beside_output: bool = False


COUNTING: Mapping[str, Counting] = {
    "anthropic.messages": Counting(cache_beside_input=True),
    "bedrock.converse": Counting(cache_beside_input=True),
    "bedrock.invoke": Counting(cache_beside_input=True),
    "gemini.generateContent": Counting(reasoning_beside_output=True),
}
"""Every wire that is not named here counts as we do."""

_TOTAL = re.compile(rb'"total_tokens"\s*:\s*(\d+)')
_CHUNK = re.compile(rb'"bytes":\s*"([^"]*)"')
_TOOL_PROMPT = re.compile(rb'"toolUsePromptTokenCount"\s*:\s*(\d+)')


def compare(outcome: Reply | BackendError, recording: Recording, came: Iterable[Block] = ()) -> list[str]:
    """The differences between ``outcome`` and what was expected, a line each; none means that all is well.

    ``came`` are the blocks that a stream yielded before it ended in an error.
    """
    told = recording.expected.get("error")
    if isinstance(outcome, BackendError):
        if not told and (
            isinstance(outcome, Misunderstood) or outcome.code != (recording.expected["stop_reason"] or "")
        ):
            return [f"raised {type(outcome).__name__}: {_shown(str(outcome))}"]
        before = (recording.expected.get("text") or "", joined(came, Text))
        errors = [(name, look(outcome, recording)) for name, look in _OF_ERROR.items() if told]
        return _differences([*errors, ("text before the error", before)])
    if told:
        return [f"a reply where the provider's own client raised {told['message']!r}"]
    return _differences((name, look(outcome, recording)) for name, look in _OF_REPLY.items())


def joined(blocks: Iterable[Block], kind: type[Text | Thinking | Refusal]) -> str:
    """All text of one kind."""
    return "".join([block.text for block in blocks if isinstance(block, kind)])


def calls(reply: Reply) -> list[tuple[str, object]]:
    """Name and arguments of each call; arguments that are no JSON at all are their text."""
    found = (block for block in reply.content if isinstance(block, ToolCall))
    return [(call.name, _plain(call)) for call in found]


def expected_calls(expected: dict[str, Any]) -> list[tuple[str, object]]:
    """The same of the recording."""
    found: list[dict[str, Any]] = list(expected.get("tool_calls") or [])
    if expected.get("function_call"):
        found.append(expected["function_call"])
    return [(call["name"], call["arguments"]) for call in found]


def expected_usage(recording: Recording, usage: Usage) -> Usage:
    """The recorded counts in our way of counting; ``usage``, ours, says what the provider's own client overlooks."""
    counts: dict[str, int | None] = recording.expected.get("usage") or {}
    counting = COUNTING.get(recording.api, Counting())
    sent, written = (counts.get(name) or 0 for name in ("input", "output"))
    cached = _told(counts.get("cached"), usage.cached_tokens, recording)
    stored = _told(counts.get("cache_write"), usage.cache_write_tokens, recording)
    reasoning = _told(counts.get("reasoning"), usage.reasoning_tokens, recording)
    # Gemini: what its own tools read is prompt too, and no part of promptTokenCount.
    sent += _last(_TOOL_PROMPT, recording.body)
    # xAI counts reasoning beside the completion in Chat Completions; its total gives it away.
    beside = counting.reasoning_beside_output or _last(_TOTAL, recording.body) == sent + written + reasoning
    return Usage(
        input_tokens=sent + (cached + stored if counting.cache_beside_input else 0),
        output_tokens=written + (reasoning if beside else 0),
        cached_tokens=cached,
        cache_write_tokens=stored,
        reasoning_tokens=reasoning,
    )


def _told(expected: int | None, got: int, recording: Recording) -> int:
    # The clients that ``expected`` comes from do not know every field: what they say nothing of stands in the body.
    return expected if expected is not None else got if str(got).encode() in recording.body else 0


def _overlooked(got: str, recording: Recording) -> str:
    # As above. What InvokeModel streams is base64 in JSON.
    chunks = b"".join(base64.b64decode(chunk) for chunk in _CHUNK.findall(recording.body))
    return got if json.dumps(got).encode() in recording.body + chunks else ""


def _plain(call: ToolCall) -> object:
    if call.malformed is None:
        return json.loads(json.dumps(call.arguments, default=dict))
    with suppress(ValueError):
        return json.loads(call.malformed)
    return call.malformed


def _last(pattern: re.Pattern[bytes], body: bytes) -> int:
    found = pattern.findall(body)
    return int(found[-1]) if found else 0


def _text(reply: Reply, recording: Recording) -> Pair:
    return recording.expected.get("text") or "", joined(reply.content, Text)


def _calls(reply: Reply, recording: Recording) -> Pair:
    return expected_calls(recording.expected), calls(reply)


def _stop(reply: Reply, recording: Recording) -> Pair:
    expected, got = recording.expected, reply.raw_stop
    told = expected.get("stop_reason") or expected.get("prompt_block_reason")
    return told or _overlooked(got, recording), got


def _usage(reply: Reply, recording: Recording) -> Pair:
    return expected_usage(recording, reply.usage), reply.usage


def _thinking(reply: Reply, recording: Recording) -> Pair:
    expected = recording.expected
    words = (expected.get("tool_plan") or "") + (expected.get("thinking_text") or "")
    return "".join(words.split()), "".join(joined(reply.content, Thinking).split())


def _refusal(reply: Reply, recording: Recording) -> Pair:
    got = joined(reply.content, Refusal)
    return recording.expected.get("refusal") or _overlooked(got, recording), got


def _status(error: BackendError, recording: Recording) -> Pair:
    return recording.expected["error"].get("status"), error.status


def _code(error: BackendError, recording: Recording) -> Pair:
    told = recording.expected["error"]
    words = [str(word) for word in (told.get("code"), told.get("type")) if word] or [""]
    return error.code if error.code in words else words[0], error.code


def _message(error: BackendError, recording: Recording) -> Pair:
    words: str = recording.expected["error"].get("message") or ""
    told = Account("").mask(words)[:LONGEST_MESSAGE]
    return words, words if told in str(error) else str(error)


def _wait(error: BackendError, recording: Recording) -> Pair:
    wait: str | None = recording.expected["error"].get("retry_after")
    got: float | None = getattr(error, "retry_after_s", None)
    # A date is measured against a clock; where the header is missing, the body may hold a wish of its own.
    return float(wait) if wait and wait.isdecimal() else got, got


_OF_REPLY: Mapping[str, Callable[[Reply, Recording], Pair]] = {
    "text": _text,
    "tool_calls": _calls,
    "stop_reason": _stop,
    "usage": _usage,
    "thinking_text": _thinking,
    "refusal": _refusal,
}

_OF_ERROR: Mapping[str, Callable[[BackendError, Recording], Pair]] = {
    "error.status": _status,
    "error.code": _code,
    "error.message": _message,
    "error.retry_after": _wait,
}


def _differences(pairs: Iterable[tuple[str, Pair]]) -> list[str]:
    return [
        f"{name}: expected {_shown(expected)}, got {_shown(got)}" for name, (expected, got) in pairs if expected != got
    ]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
