"""Answers of models that continue a prompt, streamed or whole, into deltas: one reader, and a row for each family.

Source of the formats: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. Bedrock adds its own
counts to the last chunk of every stream.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...events.usage import Usage
from ..contract import Delta, StopPiece, StopReason, TextPiece, UsagePiece
from .account import Account
from .fields import WRONG_SHAPE, count, text
from .objects import read_object
from .reader import Reader

STOPS: Mapping[str, StopReason] = {
    "COMPLETE": "end",
    "ERROR_TOXIC": "content_filter",
    "CONTENT_FILTERED": "content_filter",
    "FINISH": "end",
    "INTERVENED": "content_filter",
    "FINISHED": "end",
    "LENGTH": "length",
    "MAX_TOKENS": "length",
    "STOP_CRITERIA_MET": "stop_sequence",
    "end_turn": "end",
    "endoftext": "end",
    "length": "length",
    "max_tokens": "length",
    "stop": "end",
    "stop_sequence": "stop_sequence",
}
"""What the families call the end, in our words; any other is ``other``."""

METRICS = "amazon-bedrock-invocationMetrics"

GUARDED = "amazon-bedrock-guardrailAction"
"""Says ``INTERVENED`` where a guardrail spoke in the model's place, which then has no reason to stop of its own."""

Path = tuple[str | int, ...]


class Shape(NamedTuple):
    """Where a family's answer says what; an empty path is said nowhere."""

    text: Path
    stop: Path
    sent: Path = ()
    written: Path = ()


SHAPES: Mapping[str, Shape] = {
    "generation": Shape(("generation",), ("stop_reason",), ("prompt_token_count",), ("generation_token_count",)),
    "outputText": Shape(
        ("outputText",), ("completionReason",), ("inputTextTokenCount",), ("totalOutputTextTokenCount",)
    ),
    "results": Shape(
        ("results", 0, "outputText"),
        ("results", 0, "completionReason"),
        ("inputTextTokenCount",),
        ("results", 0, "tokenCount"),
    ),
    "outputs": Shape(("outputs", 0, "text"), ("outputs", 0, "stop_reason")),
    "choices": Shape(("choices", 0, "text"), ("choices", 0, "stop_reason")),
    "generations": Shape(("generations", 0, "text"), ("generations", 0, "finish_reason")),
    "is_finished": Shape(("text",), ("finish_reason",)),
    "completion": Shape(("completion",), ("stop_reason",)),
    "completions": Shape(("completions", 0, "data", "text"), ("completions", 0, "finishReason", "reason")),
}
"""By the field that gives the family away: Llama, Titan (streamed, whole), Mistral, DeepSeek, Cohere Command (whole,
streamed), Claude's old completions, Jurassic."""


class CompletionReader(Reader):
    """Reads one answer."""

    FORMAT = "answer of this model"
    END = "reason to stop"

    def __init__(self, account: Account, shape: Shape) -> None:
        super().__init__(account)
        self._shape = shape
        self._usage = Usage()

    def read(self, frame: bytes) -> list[Delta]:
        """The deltas of one chunk's JSON.

        :raises Misunderstood: it has not the shape of the family.
        """
        answer, shape = read_object(frame), self._shape
        deltas: list[Delta] = []
        try:
            if words := _at(answer, shape.text):
                deltas.append(TextPiece(text(words)))
            if reason := _at(answer, shape.stop):
                self._stop = text(reason)
            elif answer.get(GUARDED) == "INTERVENED":
                self._stop = "INTERVENED"
            self._read_usage(answer, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(frame, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included."""
        return self.read(body) + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more chunks come.

        :raises Incomplete: the model never said that the reply is over.
        """
        self._check_end()
        return [StopPiece(STOPS.get(self._stop, "other"), self._stop)]

    def _read_usage(self, answer: Mapping[str, Any], deltas: list[Delta]) -> None:
        # Chunks count what came so far; those that leave a count out, or null, say nothing about it.
        sent, written = count(_at(answer, self._shape.sent)), count(_at(answer, self._shape.written))
        if metrics := answer.get(METRICS):
            self.done = self.stopped
            sent, written = sent or count(metrics.get("inputTokenCount")), count(metrics.get("outputTokenCount"))
        told = Usage(sent or self._usage.input_tokens, written or self._usage.output_tokens)
        if told != self._usage:
            self._usage = told
            deltas.append(UsagePiece(told))


def _at(value: Any, path: Path) -> Any:
    if not path:
        return None
    for step in path:
        value = value.get(step) if isinstance(step, str) else value[step]
    return value
